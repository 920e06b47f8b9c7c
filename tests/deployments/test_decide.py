"""The pure plan in a simulated world: whatever happens, traffic moves only as it may."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.analysis import Outcome, Served, Verdict
from deployments.plan import make_plan, next_step, sentences, steps_of
from deployments.plan.moves import Answer, Ask, Begin, Call, Done, Fail, Note, Return, Succeed, Wait
from deployments.plan.views import RunView, Seen, StepView
from deployments.states import RunState, StepState
from platforms.base import ComponentState, JobResult, Observation, ProbeResult, SlotState

BLUE, GREEN, DIGEST = "b1ue0000", "9reen000", "sha256:" + "a" * 64
START = datetime(2026, 11, 3, tzinfo=UTC)
REGIONS = ("us-east", "eu-central")
STRATEGY = {"kind": "blue_green", "bake_seconds": 10, "hold_limit_seconds": 30, "decide_by_seconds": 60}


@dataclass
class Simulation:
    """A run and its targets; `verdicts` says what the judge says next, by region."""

    plan: dict[str, Any]
    now: datetime = START
    state: RunState = RunState.RUNNING
    held: str = ""
    said_there: dict[str, str] = field(default_factory=dict)
    ended: str = ""
    told: str = ""
    verdicts: dict[str, Outcome] = field(default_factory=dict)
    blue_served: int | None = None
    """Requests of blue since the run first looked; None where green is compared with nothing."""
    silent: set[str] = field(default_factory=set)
    history: list[tuple[str, int]] = field(default_factory=list)
    migrations: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.blue = None if self.plan["first"] else BLUE
        self.slots: dict[str, set[str]] = {r: {BLUE} if self.blue else set() for r in REGIONS}
        self.ready: dict[str, bool] = dict.fromkeys(REGIONS, False)
        self.weights: dict[str, dict[str, int]] = {r: {BLUE: 100} if self.blue else {} for r in REGIONS}
        self.steps = tuple(
            StepView(n, s.kind, s.title, s.region, s.weight, s.bake_seconds, StepState.WAITING, None)
            for n, s in enumerate(steps_of(self.plan, "deploy"), start=1)
        )

    def look(self) -> None:
        """One look: moves until there is one to wait for."""
        answers: dict[Call, Answer] = {}
        for _ in range(60):
            move = next_step(self.run(), self.seen(), self.now, answers)
            if isinstance(move, Ask):
                if move.call.region in self.silent:
                    return
                answers[move.call] = self._answer(move.call)
            elif not self._record(move):
                return
        raise AssertionError("a look that never ends")

    def run(self) -> RunView:
        return RunView(
            self.state, GREEN, self.blue, self.plan, self.steps, "production", self.held,
            artifacts={"web": DIGEST}, smokes=("web",), migrations=self.migrations,
            compared=self.blue_served is not None,
        )  # fmt: skip

    def seen(self) -> Seen:
        regions = {r: self._observation(r) for r in REGIONS if r not in self.silent}
        judged = {}
        for region in REGIONS:
            if self.weights[region].get(GREEN, 0):
                outcome = Outcome.ERROR if region in self.silent else self.verdicts.get(region, Outcome.PASS)
                judged[region] = Verdict(outcome, f"It is {outcome.value}.")
        totals = {region: {BLUE: Served(self.blue_served or 0)} for region in regions}
        return Seen(regions, dict.fromkeys(self.silent, "No route to host."), totals, judged)

    def green(self, region: str) -> int:
        return self.weights[region].get(GREEN, 0)

    def _observation(self, region: str) -> Observation:
        web = ComponentState("web", "http", DIGEST, self.ready[region])
        there = {BLUE: (web,), GREEN: (web,) if self.ready[region] else ()}
        slots = tuple(SlotState(name, name, there[name]) for name in sorted(self.slots[region]))
        held = self.said_there.get(region, "")
        return Observation(region, self.now, 1, slots, dict(self.weights[region]), held=held)

    def _answer(self, call: Call) -> Answer:
        self.asked.append(call.kind)
        if call.kind == "probe":
            return ProbeResult("production", "test")
        if call.kind == "job":
            return JobResult("key", "succeeded", 0)
        if call.kind == "switch":
            self.weights[call.region] = dict(call.weights)
            self.history.append((call.region, self.green(call.region)))
        else:
            self.slots[call.region].add(GREEN)
            self.ready[call.region] = call.kind == "ensure" or self.ready[call.region]
        return None

    def _record(self, move: object) -> bool:
        match move:
            case Begin(ordinal, _):
                self._step(ordinal, state=StepState.RUNNING, started_at=self.now)
            case Note(ordinal, data):
                self._step(ordinal, data={**self.steps[ordinal - 1].data, **data})
            case Done(ordinal, _):
                self._step(ordinal, state=StepState.DONE)
            case Fail(_, sentence) | Return(sentence) | Succeed(sentence):
                self.ended = f"{type(move).__name__}: {sentence}"
                return False
            case Wait(sentence, look_in, _):
                self.told = sentence
                assert sentence.endswith(".")
                assert look_in > 0
                return False
        return True

    def _step(self, ordinal: int, **change: Any) -> None:
        changed = replace(self.steps[ordinal - 1], **change)
        self.steps = (*self.steps[: ordinal - 1], changed, *self.steps[ordinal:])


def simulation(*, first: bool = False, irreversible: bool = False, **strategy: Any) -> Simulation:
    return Simulation(make_plan({**STRATEGY, **strategy}, REGIONS, first=first, irreversible=irreversible))


def play(world: Simulation, looks: int, seconds: float = 5.0) -> Simulation:
    for _ in range(looks):
        if world.ended:
            break
        world.look()
        world.now += timedelta(seconds=seconds)
    return world


def test_good_release_goes_by_region_through_every_weight() -> None:
    world = play(simulation(weights=[10, 50, 100]), 60)
    assert world.ended.startswith("Succeed")
    assert world.history == [("us-east", 10), ("us-east", 50), ("us-east", 100),
                             ("eu-central", 10), ("eu-central", 50), ("eu-central", 100)]  # fmt: skip


def test_interleaved_release_takes_each_weight_in_all_regions_first() -> None:
    world = play(simulation(weights=[10, 100], order="interleaved"), 60)
    assert world.history == [("us-east", 10), ("eu-central", 10), ("us-east", 100), ("eu-central", 100)]


def test_first_deployment_knows_no_shift() -> None:
    world = play(simulation(first=True), 10)
    assert (world.ended[:7], world.history) == ("Succeed", [("us-east", 100), ("eu-central", 100)])


@pytest.mark.parametrize(
    ("migrations", "first_orders"),
    [((), ["ensure", "ensure"]), (("web",), ["make_room", "make_room", "job", "ensure", "ensure"])],
)
def test_room_of_its_own_comes_where_a_migration_runs_before_green_does(
    migrations: tuple[str, ...], first_orders: list[str]
) -> None:
    world = simulation()
    world.migrations = migrations
    world.look()
    orders = [kind for kind in world.asked if kind != "probe"]
    assert orders[: len(first_orders)] == first_orders


def test_irreversible_migration_never_returns_by_itself() -> None:
    world = simulation(irreversible=True)
    play(world, 1)
    world.verdicts = {"us-east": Outcome.FAIL}
    play(world, 60, seconds=60)
    assert (world.ended, world.green("us-east")) == ("", 10)


@pytest.mark.parametrize("weights", [[100], [10, 100]])
def test_nothing_is_taken_whole_from_a_blue_that_was_not_counted(weights: list[int]) -> None:
    world = simulation(weights=weights)
    world.blue_served = 49
    play(world, 12)
    assert [weight for _, weight in world.history] == weights[:-1]
    assert world.told == "Before 100 % in us-east: blue has served 49 of the 50 requests to compare with."
    world.blue_served = 50
    assert play(world, 40).ended.startswith("Succeed")


def test_blue_that_nobody_visits_holds_up_a_cut_over_for_a_minute_only() -> None:
    world = simulation(weights=[100])
    world.blue_served = 0
    play(world, 12)
    assert world.history == []
    play(world, 1)
    assert world.history == [("us-east", 100)]


@pytest.mark.parametrize("order", ["by_region", "interleaved"])
def test_green_that_became_doubtful_during_a_hold_gets_no_more_traffic(order: str) -> None:
    world = play(simulation(order=order, weights=[10, 100]), 1)
    world.now += timedelta(seconds=11)
    world.held = "The clearance has run out."
    world.look()  # the bake has passed, the next weight is held
    world.held, world.verdicts = "", {"us-east": Outcome.INCONCLUSIVE}
    play(world, 3)
    assert world.green("us-east") == 10
    world.verdicts = {}
    assert play(world, 40).ended.startswith("Succeed")


def test_people_of_a_cluster_hold_their_region_until_they_take_it_away() -> None:
    world = play(simulation(weights=[10, 100]), 1)
    world.said_there = {"us-east": "the annotation hold on the Namespace hmhp says “node upgrade”"}
    play(world, 20)
    assert (world.ended, world.green("us-east")) == ("", 10)
    assert "In us-east the annotation hold on the Namespace hmhp says “node upgrade”" in world.told
    world.said_there = {}
    assert play(world, 40).ended.startswith("Succeed")


def test_region_that_is_held_still_goes_back() -> None:
    world = play(simulation(weights=[10, 100]), 1)
    world.said_there, world.verdicts = {"us-east": "the annotation hold"}, {"us-east": Outcome.FAIL}
    assert play(world, 5).ended.startswith("Return")


outcomes = st.sampled_from(list(Outcome))
turns = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(REGIONS), outcomes),
        st.sets(st.sampled_from(REGIONS)),
        st.sampled_from(["", "The clearance has run out."]),
        st.sampled_from([RunState.RUNNING, RunState.PAUSED]),
        st.integers(1, 40),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(turns, st.sampled_from(["by_region", "interleaved"]), st.booleans())
def test_traffic_moves_forward_only_on_a_pass_and_never_while_held(
    turns: list[Any], order: str, irreversible: bool
) -> None:
    world = simulation(order=order, irreversible=irreversible, weights=[10, 50, 100])
    for verdicts, silent, held, state, seconds in turns:
        world.verdicts, world.silent, world.held, world.state = verdicts, silent, held, state
        before = {region: world.green(region) for region in REGIONS}
        bad = {r for r in REGIONS if before[r] and r not in silent and verdicts.get(r) == Outcome.FAIL}
        world.look()
        moved = {region for region in REGIONS if world.green(region) != before[region]}
        assert all(world.green(region) > before[region] for region in moved)
        assert not (moved and bad)
        assert not moved & silent
        if bad and not irreversible:
            assert world.ended.startswith("Return")
        if state == RunState.PAUSED:
            assert not moved
        for region in REGIONS if moved else ():  # doubt in one region stops the others too
            assert not before[region] or verdicts.get(region, Outcome.PASS) == Outcome.PASS
            assert not before[region] or region not in silent
        if world.ended:
            return
        world.now += timedelta(seconds=seconds)


@pytest.mark.parametrize("between", ["held", "silent", "paused"])
@pytest.mark.parametrize("order", ["by_region", "interleaved"])
def test_pass_that_lies_back_moves_nothing_once_green_is_in_doubt(order: str, between: str) -> None:
    world = simulation(order=order, weights=[10, 50, 100])
    play(world, 2)
    assert world.green("us-east") == 10
    if between == "held":
        world.held = "The clearance has run out."
    play(world, 3, seconds=6)
    if between == "silent":
        world.silent = {"eu-central"}
    play(world, 1)
    if between == "paused":
        world.state = RunState.PAUSED
    world.verdicts = dict.fromkeys(REGIONS, Outcome.INCONCLUSIVE)
    play(world, 1)
    world.held, world.silent, world.state = "", set(), RunState.RUNNING
    before = world.green("us-east")
    play(world, 3, seconds=1)
    assert (world.green("us-east"), world.ended) == (before, "")
    world.verdicts = {}
    assert play(world, 80).ended.startswith("Succeed")


def test_shift_begins_on_no_old_pass_and_goes_back_when_doubt_stays() -> None:
    """A shift of the other region lies between us-east's pass and its next weight."""
    world = simulation(order="interleaved", weights=[10, 50, 100])
    while ("eu-central", 10) not in world.history:
        play(world, 1)
    world.verdicts = {"us-east": Outcome.INCONCLUSIVE}
    play(world, 60, seconds=5)
    assert world.history == [("us-east", 10), ("eu-central", 10)]
    assert world.ended.startswith("Return")
    assert "still inconclusive" in world.ended


def test_region_in_doubt_lets_no_other_go_on() -> None:
    """us-east has all of it and waits while eu-central begins: one content, one doubt."""
    world = simulation(order="by_region", weights=[10, 100])
    while ("us-east", 100) not in world.history:
        play(world, 1)
    world.held = "The clearance has run out."
    play(world, 4)
    world.held, world.verdicts = "", {"us-east": Outcome.INCONCLUSIVE}
    play(world, 3, seconds=1)
    assert "100 % in us-east before 10 % in eu-central, inconclusive" in world.told
    assert world.green("eu-central") == 0
    world.verdicts = {}
    assert play(world, 40).ended.startswith("Succeed")


@settings(max_examples=60, deadline=None)
@given(turns, st.booleans())
def test_every_run_ends_once_the_world_is_calm_again(turns: list[Any], first: bool) -> None:
    world = simulation(first=first)
    for verdicts, silent, held, state, seconds in turns:
        world.verdicts, world.silent, world.held, world.state = verdicts, silent, held, state
        world.look()
        if world.ended:
            return
        world.now += timedelta(seconds=seconds)
    world.verdicts, world.silent, world.held, world.state = {}, set(), "", RunState.RUNNING
    assert play(world, 80).ended


@pytest.mark.parametrize("wrong", [{"weights": [50]}, {"weights": []}, {"weights": [0, 100]},
                                   {"bake_seconds": [1]}, {"bake_seconds": -1},
                                   {"hold_limit_seconds": 90}])  # fmt: skip
def test_strategy_that_cannot_be_meant_makes_no_plan(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        simulation(**wrong)


@given(st.booleans(), st.booleans(), st.sampled_from(["blue_green", "switch"]), st.booleans())
def test_every_plan_reads_as_sentences_and_has_steps_with_words(
    first: bool, irreversible: bool, kind: str, rehearse: bool
) -> None:
    plan = make_plan({"kind": kind, "rehearse": rehearse}, REGIONS, first=first, irreversible=irreversible)
    assert all(text.endswith(".") for text in sentences(plan))
    steps = steps_of(plan, "deploy")
    assert all(step.title for step in steps)
    assert any("irreversible" in t or "cannot be undone" in t for t in sentences(plan)) == irreversible


@pytest.mark.parametrize(("seen", "kind"), [("same", Ask), ("other", Fail)])
def test_what_a_target_would_make_must_be_what_signers_saw(seen: str, kind: type) -> None:
    simulation = Simulation(make_plan(STRATEGY, ["us-east"], first=False, irreversible=False))
    first, *rest = simulation.steps
    running = replace(first, state=StepState.RUNNING, started_at=START)
    view = replace(simulation.run(), steps=(running, *rest), previewed={"us-east": "same"})
    answers: dict[Call, Answer] = {
        Call("probe", "us-east", step=first.ordinal): ProbeResult("production", "v1", (), seen)
    }
    move = next_step(view, simulation.seen(), START, answers)
    assert isinstance(move, Fail) == (kind is Fail)
    if isinstance(move, Fail):
        assert "than its signers saw" in move.sentence
