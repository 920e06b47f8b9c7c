"""Carry out what the plan asks of a platform: one call, one region, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial

from deployments import queries
from deployments.models import DeploymentRun
from deployments.plan.moves import Answer, Call
from deployments.services.content import slot_spec
from deployments.services.leases import Lease
from deployments.services.progress import masked
from deployments.services.targets import in_threads
from deployments.services.waiting import patiently
from platforms.base import JobResult, JobSpec, Platform, PlatformRefused, ProbeResult, Routing, Settles

SETTLE_SECONDS = 0.4
"""How long a call waits for green to get ready before the look goes on: a few moments spare a whole look."""

EARLY_SECONDS = 0.2
"""How long a look waits for targets that were asked ahead before it says that it waits for them."""

CHANGES = frozenset({"make_room", "ensure", "switch", "retire"})
"""Calls that change a target."""

LOOKED_AT_AGAIN = CHANGES - {"make_room"}
"""Calls after which what was seen before is old. Room is empty: nothing that follows asks for it."""


def carry_out(lease: Lease, run: DeploymentRun, platform: Platform, call: Call) -> Answer:
    """The platform's answer, with everything from outside masked; the lease is renewed meanwhile.

    Raises PlatformUnavailable, PlatformRefused, or LeaseLost when somebody took the run over.
    """
    work = _work(lease.fence, run, platform, call)
    return answer_of(lease, in_threads({call.region: work})[call.region])


def probes(run: DeploymentRun, platforms: Mapping[str, Platform]) -> dict[str, Future[Answer]]:
    """Ask these targets, all at once, whether they could run this; changes nothing and waits for none.

    A content that is not even readable is an answer's failure: what is wrong with it is told elsewhere.
    """
    return in_threads({region: partial(_probed, platform, run) for region, platform in platforms.items()})


def _probed(platform: Platform, run: DeploymentRun) -> Answer:
    return platform.probe(slot_spec(run))


def early_answers(lease: Lease, run: DeploymentRun, asked: dict[str, Future[Answer]]) -> dict[Call, Answer]:
    """What was found out by now of targets that were asked ahead; `asked` keeps the others.

    A few moments more are waited: a step that need not wait is begun and done in one transaction. What has
    failed is kept too and told where the step asks for it.
    """
    if not asked:
        return {}
    wait(asked.values(), timeout=EARLY_SECONDS)
    first = queries.steps_of(run)[0].ordinal
    good = [region for region, future in asked.items() if future.done() and future.exception() is None]
    return {Call("probe", region, step=first): answer_of(lease, asked.pop(region)) for region in good}


def answer_of(lease: Lease, future: Future[Answer]) -> Answer:
    """The answer of a call that is under way; raises as `carry_out` does."""
    answer = patiently(lease, future)
    if isinstance(answer, JobResult):
        return replace(answer, lines=tuple(masked(line) for line in answer.lines))
    if isinstance(answer, ProbeResult):
        return replace(answer, problems=tuple(masked(text) for text in answer.problems))
    return None


def routing_of(call: Call) -> Routing:
    """The routing that a switch asks for."""
    return Routing(weights=dict(call.weights), background=call.background)


def refused_by_fence(error: PlatformRefused) -> bool:
    """True when somebody with a higher fence has been there: not a failure, just not ours any more."""
    return error.code == "fence"


def _work(fence: int, run: DeploymentRun, platform: Platform, call: Call) -> Callable[[], Answer]:
    spec = slot_spec(run)
    room = slot_spec(run, empty=True)

    def settled() -> None:
        if isinstance(platform, Settles):
            platform.settle(run.slot, SETTLE_SECONDS)

    def ensure() -> None:
        platform.ensure(fence, spec)
        settled()

    def switch() -> None:
        platform.switch(fence, routing_of(call))
        if call.background == run.slot:  # its workers have just been told to begin
            settled()

    work: dict[str, Callable[[], Answer]] = {
        "probe": lambda: platform.probe(spec),
        "make_room": lambda: platform.ensure(fence, room),
        "ensure": ensure,
        "job": lambda: platform.run_job(fence, spec, _job(run, call)),
        "switch": switch,
        "retire": lambda: platform.retire(fence, call.slot),
    }
    return work[call.kind]


def _job(run: DeploymentRun, call: Call) -> JobSpec:
    key = f"run-{run.pk}/step-{call.step}/{call.region}/{call.component}/{call.job}/{run.content_hash[:12]}"
    return JobSpec(
        key=key,
        slot=run.slot,
        component=call.component,
        name=call.job,
        timeout_seconds=int(run.plan["job_timeout_seconds"]),
    )
