"""Take over what an environment runs already as its first blue: shown first, then done, then recorded.

Called by `releases.services.adopting`, which makes the content. The targets are changed outside of any
transaction and may be again; the run that says so is written last, once every region is taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from django.db import transaction
from django.db.models import Max

from accounts.actors import Actor
from deployments import queries
from deployments.errors import NotAdoptable
from deployments.models import DeploymentRun, Environment, ProgressHead, TargetView
from deployments.plan import make_plan
from deployments.services.content import check_content, spec_of
from deployments.services.progress import Line, append
from deployments.services.start import described
from deployments.services.targets import in_threads, live_targets, open_target, remember
from deployments.states import LineKind, RunState
from events import clock
from events.errors import Blocker
from events.services import record
from platforms.base import Adopts, ComponentSpec, Platform, PlatformError, Running, SlotSpec, TakeOver
from platforms.registry import RENDERING

ADOPTED = "environment.adopted"
SECONDS = 120.0
T = TypeVar("T")
P = TypeVar("P", Running, TakeOver)


def running(
    environment: Environment, components: Sequence[ComponentSpec], named: Mapping[str, str]
) -> dict[str, Running]:
    """What runs in each region for these components; raises NotAdoptable with everything in the way."""
    require_free(environment)
    found = _everywhere(environment, lambda platform: platform.running(components, named))
    return _without_problems(environment, found)


def shown(
    environment: Environment,
    content: Mapping[str, Any],
    content_hash: str,
    label: str,
    named: Mapping[str, str],
) -> dict[str, TakeOver]:
    """What would change in each region; raises NotAdoptable with everything in the way. Changes nothing."""
    slot = _slot(environment, content, content_hash, label)
    found = _everywhere(environment, lambda platform: platform.take_over(slot, named))
    return _without_problems(environment, found)


def adopt(
    environment: Environment,
    content: Mapping[str, Any],
    content_hash: str,
    label: str,
    named: Mapping[str, str],
    *,
    actor: Actor,
) -> DeploymentRun:
    """Take every region over and record it: a run that succeeded, which serves from now on.

    Raises NotAdoptable; what was taken over before a region refused is taken up by the next call.
    """
    require_free(environment)
    check_content(content, content_hash)
    slot = _slot(environment, content, content_hash, label)
    fence = _next_fence(environment)
    _everywhere(environment, lambda platform: platform.adopt(fence, slot, named))
    run = _recorded(environment, content, content_hash, label, actor)
    targets = live_targets(environment)
    remember({targets[region]: seen for region, seen in _observed(environment).items()})
    return run


def require_free(environment: Environment) -> None:
    """Raise NotAdoptable when the portal has released into this environment, or is about to."""
    busy = queries.active_run(environment) or queries.waiting_runs(environment).first()
    if environment.serving is not None:
        raise NotAdoptable(
            f"{environment.name} runs {environment.serving.subject} by the portal already; there is nothing "
            "to adopt. The next release goes its ordinary way."
        )
    if busy is not None:
        raise NotAdoptable(
            f"Run {busy.pk} of {busy.subject} is {busy.run_state.label.lower()} in {environment.name}; "
            "cancel it first, then adopt."
        )


def _slot(environment: Environment, content: Mapping[str, Any], content_hash: str, label: str) -> SlotSpec:
    return spec_of(content, environment.name, slot=content_hash[:8], release=label)


def _everywhere(environment: Environment, work: Callable[[Any], T]) -> dict[str, T]:
    """Ask every region at once; raises NotAdoptable with what each that failed has said."""
    platforms = {region: _open(environment, region) for region in queries.regions_of(environment)}
    calls = {region: _call(work, cast(Adopts, platform)) for region, platform in platforms.items()}
    found: dict[str, T] = {}
    problems = []
    for region, future in in_threads(calls).items():
        try:
            found[region] = future.result(timeout=SECONDS)
        except PlatformError as error:
            problems.append(f"{region}: {error}")
        except TimeoutError:
            problems.append(f"{region}: it did not answer within {SECONDS:g} s.")
    if problems:
        raise _refusal(environment, problems)
    return found


def _call(work: Callable[[Any], T], platform: Adopts) -> Callable[[], T]:
    return lambda: work(platform)


def _observed(environment: Environment) -> dict[str, Any]:
    return _everywhere(environment, lambda platform: platform.observe())


def _open(environment: Environment, region: str) -> Platform:
    target = live_targets(environment)[region]
    if target.driver not in RENDERING:
        raise NotAdoptable(
            f"{environment.name} in {region} has the driver {target.driver}; only what runs on Kubernetes "
            "can be taken over."
        )
    try:
        return open_target(target)
    except PlatformError as error:
        raise _refusal(environment, [f"{region}: {error}"]) from error


def _without_problems(environment: Environment, found: dict[str, P]) -> dict[str, P]:
    problems = [f"{region}: {text}" for region, told in found.items() for text in told.problems]
    if problems:
        raise _refusal(environment, problems)
    return found


def _refusal(environment: Environment, problems: list[str]) -> NotAdoptable:
    blockers = [Blocker("not-adoptable", text, "whom the sentence names") for text in problems]
    return NotAdoptable(f"{environment.name} cannot be adopted as it is.", blockers=blockers)


def _next_fence(environment: Environment) -> int:
    """Higher than any that was given out for this environment."""
    with transaction.atomic():
        held = Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)
        seen = TargetView.objects.filter(target__environment=held).aggregate(top=Max("fence"))["top"]
        held.fence = max(held.fence, seen or 0) + 1
        held.save(update_fields=("fence",))
    return held.fence


@transaction.atomic
def _recorded(
    environment: Environment, content: Mapping[str, Any], content_hash: str, label: str, actor: Actor
) -> DeploymentRun:
    """The run that serves from now on: nothing was shifted, and there is no way back behind it."""
    held = Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)
    require_free(held)
    regions = queries.regions_of(held)
    now = clock.now()
    run = DeploymentRun(
        environment=held,
        kind="deploy",
        subject=label,
        stream=f"environment/{held.name}",
        content=dict(content),
        content_hash=content_hash,
        slot=content_hash[:8],
        plan=make_plan(held.strategy, regions, first=True, irreversible=False) | {"adopted": True},
        started_by=actor.id,
        queued_at=now,
        traffic_at=now,
        closed_at=now,
        retained_until=now,
        sentence=f"{label} was running in {held.name} already and was taken over; nothing was started anew.",
    )
    run.start()
    run.succeed()
    run.save()
    ProgressHead.objects.create(run=run)
    append(run, [Line(LineKind.STATE, run.sentence, data={"state": RunState.SUCCEEDED.value})])
    held.serving = run
    held.save(update_fields=("serving",))
    artifacts = {name: entry["artifact"] for name, entry in sorted(content["components"].items())}
    data = {"regions": regions, "slot": run.slot, "artifacts": artifacts}
    record(run.stream, ADOPTED, actor.id, after=described(run), data=data, reason=run.sentence)
    return run
