"""What every driver must do: the contract of `platforms.base.Platform` as tests.

A driver's tests subclass `PlatformContract` and give a fixture `subject`; whatever stands behind it
(processes, a cluster, memory) must behave the same towards the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import pytest

from platforms.base import JobResult, JobSpec, Platform, PlatformRefused, Routing, SlotSpec


class Subject(Protocol):
    """A fresh target and what can run in it."""

    platform: Platform

    def slot(self, name: str) -> SlotSpec:
        """A good slot: an edge component `web` with the jobs `good` and `fail`, and a worker."""
        ...

    def without_artifact(self, name: str) -> SlotSpec:
        """A slot whose artefact the target cannot find."""
        ...

    def eventually(self, condition: Callable[[], Any]) -> Any:
        """Wait until the condition holds and return its value."""
        ...


class PlatformContract:
    """Subclass with a fixture `subject`."""

    def test_new_target_has_nothing(self, subject: Subject) -> None:
        seen = subject.platform.observe()
        assert (seen.slots, dict(seen.weights), seen.background, seen.mark) == ((), {}, None, "")

    def test_ensured_slot_gets_ready_without_traffic_or_background(self, subject: Subject) -> None:
        seen = ready(subject, "blue")
        assert (dict(seen.weights), seen.background) == ({}, None)
        slot = seen.slot("blue")
        assert slot is not None
        assert {c.name: c.active for c in slot.components} == {"web": False, "worker": False}
        assert slot.release == subject.slot("blue").release

    def test_ensured_component_tells_the_digest_that_runs(self, subject: Subject) -> None:
        slot = ready(subject, "blue").slot("blue")
        assert slot is not None
        wanted = {c.name: c.artifact for c in subject.slot("blue").components}
        assert {c.name: c.artifact for c in slot.components} == wanted

    def test_ensuring_twice_changes_nothing(self, subject: Subject) -> None:
        before = ready(subject, "blue").slot("blue")
        subject.platform.ensure(1, subject.slot("blue"))
        assert subject.platform.observe().slot("blue") == before

    def test_room_is_made_before_the_components_come(self, subject: Subject) -> None:
        subject.platform.ensure(1, replace(subject.slot("blue"), components=()))
        (room,) = subject.platform.observe().slots
        assert (room.slot, room.components, room.ready) == ("blue", (), False)
        assert ready(subject, "blue").slot("blue").components

    def test_missing_artifact_is_refused_and_leaves_no_slot(self, subject: Subject) -> None:
        with refused("artifact_missing"):
            subject.platform.ensure(1, subject.without_artifact("blue"))
        assert subject.platform.observe().slots == ()

    def test_probe_names_a_missing_artifact_and_changes_nothing(self, subject: Subject) -> None:
        assert subject.platform.probe(subject.slot("blue")).problems == ()
        assert len(subject.platform.probe(subject.without_artifact("blue")).problems) == 1
        assert subject.platform.observe().slots == ()

    def test_lower_fence_is_refused_by_every_verb_that_changes(self, subject: Subject) -> None:
        ready(subject, "blue", fence=5)
        platform, slot = subject.platform, subject.slot("blue")
        before = platform.observe()
        with refused("fence"):
            platform.ensure(4, subject.slot("green"))
        with refused("fence"):
            platform.switch(4, Routing({"blue": 100}, "blue"))
        with refused("fence"):
            platform.run_job(4, slot, JobSpec("k", "blue", "web", "good"))
        with refused("fence"):
            platform.retire(4, "blue")
        after = platform.observe()
        assert (after.fence, after.slots, after.weights) == (5, before.slots, before.weights)

    def test_highest_fence_is_remembered(self, subject: Subject) -> None:
        ready(subject, "blue", fence=5)
        subject.platform.switch(9, Routing({"blue": 100}, None))
        assert subject.platform.observe().fence == 9

    def test_weights_are_in_force_when_switch_returns(self, subject: Subject) -> None:
        ready(subject, "blue")
        ready(subject, "green")
        subject.platform.switch(1, Routing({"blue": 90, "green": 10}, "blue"))
        assert dict(subject.platform.observe().weights) == {"blue": 90, "green": 10}
        subject.platform.switch(1, Routing({"blue": 0, "green": 100}, "blue"))
        assert subject.platform.observe().weights["green"] == 100
        assert not subject.platform.observe().weights.get("blue")

    def test_switch_to_an_unknown_slot_is_refused(self, subject: Subject) -> None:
        ready(subject, "blue")
        with refused("unknown_slot"):
            subject.platform.switch(1, Routing({"blue": 50, "green": 50}, "blue"))
        with refused("unknown_slot"):
            subject.platform.switch(1, Routing({"blue": 100}, "green"))
        assert dict(subject.platform.observe().weights) == {}

    @pytest.mark.parametrize("weights", [{"blue": 99}, {"blue": 101}, {"blue": 110, "green": -10}])
    def test_weights_that_do_not_sum_to_100_are_refused(
        self, subject: Subject, weights: dict[str, int]
    ) -> None:
        ready(subject, "blue")
        ready(subject, "green")
        with refused("invalid"):
            subject.platform.switch(1, Routing(weights, None))

    def test_background_work_is_handed_over(self, subject: Subject) -> None:
        ready(subject, "blue")
        ready(subject, "green")
        for slot in ("blue", "green", "blue"):
            subject.platform.switch(1, Routing({"blue": 100}, slot))
            subject.eventually(lambda: active(subject) == {slot})  # noqa: B023  (called at once)
            assert subject.platform.observe().background == slot

    def test_addresses_name_the_edge_component(self, subject: Subject) -> None:
        ready(subject, "blue")
        assert set(subject.platform.observe().addresses) == {"web"}

    def test_job_runs_to_its_end_and_tells_its_lines(self, subject: Subject) -> None:
        ready(subject, "blue")
        result = ended(subject, JobSpec("run 1, smoke", "blue", "web", "good"))
        assert (result.state, result.exit_code) == ("succeeded", 0)
        assert result.lines

    def test_failed_job_is_told_as_failed(self, subject: Subject) -> None:
        ready(subject, "blue")
        result = ended(subject, JobSpec("run 1, migrate", "blue", "web", "fail"))
        assert result.state == "failed"
        assert result.exit_code not in (0, None)

    def test_same_key_gives_the_first_outcome(self, subject: Subject) -> None:
        ready(subject, "blue")
        job = JobSpec("run 1, smoke", "blue", "web", "good")
        first = ended(subject, job)
        assert subject.platform.run_job(1, subject.slot("blue"), job) == first

    def test_job_runs_before_its_slot_exists(self, subject: Subject) -> None:
        assert ended(subject, JobSpec("early", "blue", "web", "good")).state == "succeeded"
        assert subject.platform.observe().slots == ()

    def test_unknown_job_is_refused(self, subject: Subject) -> None:
        with refused("unknown_job"):
            subject.platform.run_job(1, subject.slot("blue"), JobSpec("k", "blue", "web", "nonsense"))

    def test_slot_that_serves_cannot_be_retired(self, subject: Subject) -> None:
        ready(subject, "blue")
        subject.platform.switch(1, Routing({"blue": 100}, "blue"))
        with refused("invalid"):
            subject.platform.retire(1, "blue")
        assert subject.platform.observe().slot("blue") is not None

    def test_retired_slot_goes_and_retiring_it_again_is_harmless(self, subject: Subject) -> None:
        ready(subject, "blue")
        for _ in range(2):
            subject.platform.retire(1, "blue")
            subject.eventually(lambda: subject.platform.observe().slots == ())

    def test_first_deployment_can_be_taken_down(self, subject: Subject) -> None:
        ready(subject, "blue")
        subject.platform.switch(1, Routing({"blue": 100}, "blue"))
        subject.platform.switch(1, Routing({}, None))
        subject.platform.retire(1, "blue")
        subject.eventually(lambda: subject.platform.observe().slots == ())
        assert dict(subject.platform.observe().weights) == {}

    def test_three_slots_stand_side_by_side(self, subject: Subject) -> None:
        for name in ("blue", "green", "third"):
            ready(subject, name)
        subject.platform.switch(1, Routing({"blue": 50, "green": 25, "third": 25}, "blue"))
        assert sum(subject.platform.observe().weights.values()) == 100

    def test_lines_have_positions_that_grow(self, subject: Subject) -> None:
        ready(subject, "blue")
        lines = subject.eventually(lambda: subject.platform.lines("blue", {}))
        positions = [position for component, position, _ in lines if component == "web"]
        assert positions == sorted(set(positions))
        after = {component: position for component, position, _ in lines}
        later = subject.platform.lines("blue", after)
        assert all(position > after.get(component, 0) for component, position, _ in later)


def refused(code: str) -> Any:
    """The call in the block is refused with that code and a sentence."""
    return _Refused(code)


class _Refused:
    def __init__(self, code: str) -> None:
        self._code = code
        self._raises = pytest.raises(PlatformRefused)

    def __enter__(self) -> None:
        self._info = self._raises.__enter__()

    def __exit__(self, *error: Any) -> Any:
        done = self._raises.__exit__(*error)
        assert self._info.value.code == self._code
        assert len(self._info.value.reason) > 10
        return done


def ready(subject: Subject, name: str, fence: int = 1) -> Any:
    """Ensure that slot and wait until it is ready; the observation."""
    subject.platform.ensure(fence, subject.slot(name))

    def seen() -> Any:
        found = subject.platform.observe()
        slot = found.slot(name)
        return found if slot and slot.ready else None

    return subject.eventually(seen)


def active(subject: Subject) -> set[str]:
    """The slots whose workers take work."""
    seen = subject.platform.observe()
    return {slot.slot for slot in seen.slots if any(c.active and c.ready for c in slot.components)}


def ended(subject: Subject, job: JobSpec) -> JobResult:
    """Run that job until it has ended."""

    def result() -> Any:
        found = subject.platform.run_job(1, subject.slot(job.slot), job)
        return None if found.state == "running" else found

    outcome: JobResult = subject.eventually(result)
    return outcome
