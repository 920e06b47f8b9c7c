"""Play the past: each release of `history` through the real services and engine, under a moved clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from deployments import queries as deployments
from deployments.models import DeploymentRun, Target
from deployments.services.reconcile import reconcile
from deployments.states import UNSUCCESSFUL, RunState
from events import clock
from hmhp_portal.seeding import paperwork
from hmhp_portal.seeding.bringing import Configured, brought, commit_of
from hmhp_portal.seeding.cast import Cast
from hmhp_portal.seeding.history import Past
from hmhp_portal.seeding.played import PlayedTarget, PlayedTime
from notifications.services import reading
from platforms.registry import standing_in
from releases import queries
from releases.models import Release
from releases.services import create, edit, follow_up, lessons, stage, starting
from releases.services.advance import advance
from releases.states import ENDS, ReleaseState

LOOK = timedelta(seconds=8)
MOST_LOOKS = 600
"""A run of the past that needs more looks than this is stuck, and the seed says so."""


class Played:
    """The played targets of every environment, and the moment that they live in."""

    def __init__(self) -> None:
        self.time = PlayedTime(clock.now())
        self.targets = {
            (target.environment.name, target.region.name): PlayedTarget(
                region=target.region.name,
                data_class=target.data_class,
                time=self.time,
                per_second=40.0,
            )
            for target in Target.objects.filter(retired_at=None).select_related("environment", "region")
        }

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """Within the block the portal and its targets live at `moment`."""
        with clock.at(moment), standing_in(self.targets):
            yield

    def look(self, release_id: int | None) -> None:
        """One look of the engine at every run under way, and of the release; then the clock goes on."""
        self.time.moment = clock.now()
        for run_id in under_way():
            reconcile(run_id)
        if release_id is not None:
            advance(release_id)
        clock.advance(LOOK)


def under_way() -> list[int]:
    """The runs that the engine still looks at."""
    return list(DeploymentRun.objects.exclude(next_look_at=None).order_by("pk").values_list("pk", flat=True))


def play(
    past: Past,
    version: str,
    *,
    before: str | None,
    cast: Cast,
    played: Played,
    host: str,
    artifact: Callable[[str, str], str],
    configured: Configured | None = None,
) -> None:
    """One release from its first commit to its end.

    `configured` makes everybody's image a version of a component; such a platform has no migrations.
    """
    opens = past.opens(clock.now())
    with played.at(opens - timedelta(days=6)):
        make(past, version, before, cast, host, brought(past, artifact, configured))
        paperwork.check(version, cast)
        clock.advance(timedelta(hours=3))
        run = stage.stage(version, actor=cast.ci)
        _drive(played, run.pk, queries.get(version).pk, lambda r: r.status != ReleaseState.STAGING)
        finish(played)
        paperwork.validate(version, cast)
        reading.read(deliver=False)
    with played.at(opens - timedelta(hours=30)):  # signatures hold for days, those of a patch for fewer
        paperwork.ask(version, cast, opens, opens + timedelta(hours=3))
        reading.read(deliver=False)
    with played.at(opens - timedelta(hours=9)):
        paperwork.sign(version, cast)
        reading.read(deliver=False)
    with played.at(opens + timedelta(minutes=4)):
        paperwork.state_facts(version, cast)
        _deploy(past, version, cast, played)
        reading.read(deliver=False)
        if past.cause:
            clock.advance(timedelta(hours=5))
            lessons.record(
                version, actor=cast.devops, cause=past.cause, lessons=past.lessons, actions=past.actions
            )
    with played.at(min(opens + timedelta(hours=20), clock.now())):
        paperwork.review(cast)
        reading.read(deliver=False)


def make(
    past: Past, version: str, before: str | None, cast: Cast, host: str, brings: dict[str, dict[str, Any]]
) -> None:
    """The draft of a release of the past, new or following up on the one before."""
    if past.follows and before is not None:
        follow_up.follow_up(before, actor=cast.manager, new_version=version)
        for name, entry in brings.items():
            edit.put_component(version, name, actor=cast.ci, entry=entry)
        edit.patch(version, actor=cast.ci, changes={"title": past.title, "notes": past.notes})
        return
    create.create(
        actor=cast.ci,
        version=version,
        kind=past.kind,
        commit=commit_of(version),
        components=brings,
        authors=[cast.author(host)],
        title=past.title,
        notes=past.notes,
    )


def _deploy(past: Past, version: str, cast: Cast, played: Played) -> None:
    release = queries.get(version)
    for (environment, _), target in played.targets.items():
        if environment == deployments.production().name:
            target.error_share[release.content_hash[:8]] = past.error_share
    run = starting.deploy(version, actor=cast.devops, seal=release.seal)
    _drive(played, run.pk, release.pk, lambda r: r.status in ENDS)
    if not past.cause and queries.get(version).status != ReleaseState.COMPLETED:
        sentence = DeploymentRun.objects.get(pk=run.pk).sentence
        raise RuntimeError(f"The demo's past goes otherwise than it was: {sentence}")
    finish(played)


def _drive(played: Played, run_id: int, release_id: int, until: Callable[[Release], bool]) -> None:
    for _ in range(MOST_LOOKS):
        played.look(release_id)
        if until(Release.objects.get(pk=release_id)):
            return
    run = DeploymentRun.objects.get(pk=run_id)
    raise RuntimeError(f"The demo's past is stuck at run {run_id}: {run.state}. {run.sentence}")


def finish(played: Played) -> None:
    """Let the runs that are left (taking down an old colour) come to their end."""
    for _ in range(MOST_LOOKS):
        left = DeploymentRun.objects.exclude(state__in=[*UNSUCCESSFUL, RunState.SUCCEEDED])
        if not left.exists():
            return
        played.look(None)
    raise RuntimeError("The demo's past is stuck: a run does not come to its end.")
