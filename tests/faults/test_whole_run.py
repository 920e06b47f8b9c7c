"""A whole run on a target that is half open, or has a component that never stops talking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import count, pairwise

import pytest

from deployments.models import Environment
from deployments.services import output
from deployments.services.progress import Line
from deployments.states import LineKind, RunState
from platforms.base import PlatformUnavailable
from platforms.local.lines import LineRing
from tests.deployments.engine import deploy, look_until, queue, serving_version, state_is, step_runs
from tests.deployments.memory_platform import MemoryPlatform, World

A_SECOND = 10_000


def weights_once(target: MemoryPlatform, since: int) -> bool:
    """Was each change of routing applied once?"""
    changes = [(weights, background) for _, weights, background in target.history[since:]]
    return all(former != later for former, later in pairwise(changes))


def test_half_open_target_that_took_a_change_and_never_answered_is_looked_at_not_asked_twice(
    world: World, production: Environment
) -> None:
    serving_version(world)
    east = world.at("us-east")
    since, broken = len(east.history), Counter[str]()

    def gone(verb: str) -> None:
        broken[verb] += 1
        if broken[verb] % 2:
            raise PlatformUnavailable(f"The line broke after {verb}.", 1.0)

    east.after_change = gone
    run = deploy(world, "1.1.0")
    assert east.routing.weights == {run.slot: 100}
    assert weights_once(east, since)
    assert broken["switch"] > 1


@pytest.fixture
def flood(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """A component in us-east that writes ten thousand lines a second, kept by the agent's own ring."""
    ring, written = LineRing(1), count(1)

    def lines(slot: str, after: Mapping[str, int]) -> Sequence[tuple[str, int, str]]:
        return [("web", position, text) for position, text in ring.after(after.get("web", 0), 2_000)]

    monkeypatch.setattr(world.at("us-east"), "lines", lines)

    def one_second() -> int:
        for number in range(A_SECOND):
            ring.add(f"GET /api/slots {number}")
        return next(written)

    return one_second


def test_ten_thousand_lines_a_second_are_batched_bounded_and_marked_to_the_end_of_the_run(
    world: World, production: Environment, flood: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    serving_version(world)
    run = look_until(queue("1.1.0"), step_runs("10 % in us-east"), every=5)
    batches: list[int] = []
    append = output.append

    def counted(run: object, lines: Sequence[Line]) -> None:
        batches.append(sum(line.kind == LineKind.LOG for line in lines))
        append(run, lines)  # type: ignore[arg-type]

    monkeypatch.setattr(output, "append", counted)
    seconds = 0

    def go_on() -> None:
        nonlocal seconds
        seconds = flood()
        world.serve(400)

    run = look_until(run, state_is(RunState.SUCCEEDED), every=5, before_look=go_on)
    logged = run.lines.filter(kind=LineKind.LOG, source="web", region="us-east").order_by("seq")
    positions = [line.data["position"] for line in logged if "position" in line.data]
    left_out = sum(line.data.get("left_out", 0) for line in logged)
    assert max(batches) <= 2 * output.MAX_LINES + 1
    assert len(positions) <= seconds * output.MAX_LINES
    assert positions == sorted(set(positions))
    assert positions[-1] - positions[0] + 1 == len(positions) + left_out
    assert left_out > 0
    seqs = list(run.lines.order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1))
