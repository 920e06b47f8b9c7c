"""Releases in every state, made once by the real services and engine; `_history` multiplies them.

Comes in: an empty, migrated database. Goes out: the example platform, its people, and one release of
each kind of life, with the runs, steps, samples and lines that the engine wrote on played targets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

from django.core.management import call_command

from accounts.actors import Actor
from deployments.models import DeploymentRun
from deployments.services import keeping
from deployments.states import RunState
from events import clock
from hmhp_portal.seeding import bringing, paperwork, playing
from hmhp_portal.seeding.cast import Cast, assemble
from hmhp_portal.seeding.history import HISTORY, Past
from hmhp_portal.seeding.playing import Played
from notifications.services import reading
from releases import queries
from releases.models import Release
from releases.services import cancel, signing, stage, starting
from releases.states import ReleaseState

HOST = "github.com"
PLATFORM = Path(__file__).resolve().parents[1] / "examples" / "platform.yaml"


@dataclass(frozen=True)
class Life:
    """One release of the story: how far it came, and the share of a long history that ended like it.

    Releases that are under way have none: a portal has some of them, however long its history is.
    """

    version: str
    state: ReleaseState
    share: float = 0.0


LIVES = (
    Life("2026.5.0", ReleaseState.COMPLETED, 0.9),
    Life("2026.6.0", ReleaseState.ROLLED_BACK, 0.05),
    Life("2026.7.0", ReleaseState.CANCELLED, 0.05),
    Life("2026.8.0", ReleaseState.REJECTED),
    Life("2026.9.0", ReleaseState.DRAFT),
    Life("2026.10.0", ReleaseState.VALIDATING),
    Life("2026.11.0", ReleaseState.REVIEW),
    Life("2026.12.0", ReleaseState.APPROVED),
    Life("2027.1.0", ReleaseState.DEPLOYING),
)
"""The last one moves production now; it is told once, since there can be only one."""
LINES_DAYS = keeping.KEEP_DAYS + 30
"""Days that have a partition for progress; a month of them waits to be dropped."""
UNDER_WAY = 4
"""Copies of each of the releases that are under way but that one, at every size."""


def tell() -> DeploymentRun:
    """Make them all; returns the production run that is under way."""
    call_command("load_platform", str(PLATFORM), stdout=StringIO())
    today = clock.now().date()
    keeping.make_days(today - timedelta(days=LINES_DAYS), today)
    story = _Story(assemble())
    makers: dict[ReleaseState, Callable[[str], None]] = {
        ReleaseState.COMPLETED: story.completed,
        ReleaseState.ROLLED_BACK: story.rolled_back,
        ReleaseState.CANCELLED: story.cancelled,
        ReleaseState.REJECTED: story.rejected,
        ReleaseState.DRAFT: story.draft,
        ReleaseState.VALIDATING: story.validating,
        ReleaseState.REVIEW: story.in_review,
        ReleaseState.APPROVED: story.approved,
        ReleaseState.DEPLOYING: story.deploying,
    }
    for life in LIVES:
        makers[life.state](life.version)
        found = Release.objects.get(version=life.version).status
        assert found == life.state, f"{life.version} is {found}, not {life.state}"
    reading.read(deliver=False)
    DeploymentRun.objects.update(next_look_at=None)  # nobody looks at what is only looked at
    return DeploymentRun.objects.get(state=RunState.RUNNING)


class _Story:
    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.played = Played()
        self.artifact = bringing.artifacts_of({})

    def completed(self, version: str) -> None:
        self._play(HISTORY[0], version)

    def rolled_back(self, version: str) -> None:
        self._play(next(past for past in HISTORY if past.cause), version)

    def _play(self, past: Past, version: str) -> None:
        playing.play(
            past, version, before=None, cast=self.cast, played=self.played, host=HOST, artifact=self.artifact
        )

    def draft(self, version: str) -> None:
        self._made(version, days=2)

    def cancelled(self, version: str) -> None:
        self._made(version, days=20)
        with self.played.at(clock.now() - timedelta(days=19)):
            cancel.cancel(version, actor=self.cast.manager, reason="The clinics asked for another order.")

    def validating(self, version: str) -> None:
        self._staged(version, days=3)

    def in_review(self, version: str) -> None:
        self._asked(version, days=4)
        self._sign(version, self.cast.security)

    def rejected(self, version: str) -> None:
        self._asked(version, days=12)
        self._sign(version, self.cast.qa, "no_go", "Rejoining a session fails on a phone.")

    def approved(self, version: str) -> None:
        self._asked(version, days=1)
        with self.played.at(clock.now() - timedelta(hours=2)):
            paperwork.sign(version, self.cast)

    def deploying(self, version: str) -> None:
        """Under way in production: one region has its first share of green, the other is still on blue."""
        self._asked(version, days=1)
        with self.played.at(clock.now() - timedelta(hours=2)):
            paperwork.sign(version, self.cast)
        with self.played.at(clock.now() - timedelta(minutes=30)):
            paperwork.state_facts(version, self.cast)
            release = queries.get(version)
            run = starting.deploy(version, actor=self.cast.devops, seal=release.seal)
            self._look_until(lambda: 0 < self._green(run.pk) < 100, run, release.pk)
            for _ in range(3):  # a few samples of both colours side by side
                self.played.look(release.pk)

    def _green(self, run_id: int) -> int:
        run = DeploymentRun.objects.select_related("environment").get(pk=run_id)
        here = [t for (name, _), t in self.played.targets.items() if name == run.environment.name]
        return max(target.weights.get(run.slot, 0) for target in here)

    def _look_until(
        self, reached: Callable[[], bool], run: DeploymentRun, release: int | None = None
    ) -> None:
        for _ in range(playing.MOST_LOOKS):
            if reached():
                return
            self.played.look(release)
        raise RuntimeError(f"run {run.pk} is stuck: {DeploymentRun.objects.get(pk=run.pk).sentence}")

    def _made(self, version: str, *, days: float) -> None:
        past = replace(HISTORY[1], brings={"reminders": version})
        with self.played.at(clock.now() - timedelta(days=days)):
            playing.make(past, version, None, self.cast, HOST, bringing.brought(past, self.artifact))

    def _staged(self, version: str, *, days: float) -> None:
        self._made(version, days=days)
        with self.played.at(clock.now() - timedelta(days=days) + timedelta(hours=1)):
            paperwork.check(version, self.cast)
            run = stage.stage(version, actor=self.cast.ci)
            release = queries.get(version)
            playing._drive(self.played, run.pk, release.pk, lambda r: r.status != ReleaseState.STAGING)
            self._look_until(lambda: not playing.under_way(), run)

    def _asked(self, version: str, *, days: float) -> None:
        self._staged(version, days=days)
        with self.played.at(clock.now() - timedelta(days=days) + timedelta(hours=3)):
            paperwork.validate(version, self.cast)
            opens = clock.now() + timedelta(days=days) - timedelta(hours=5)
            paperwork.ask(version, self.cast, opens, opens + timedelta(hours=24))

    def _sign(self, version: str, actor: Actor, answer: str = "go", remark: str = "Looked at it.") -> None:
        role = next(iter(actor.roles))
        seal = queries.get(version).seal
        signing.sign(version, actor=actor, role=role, answer=answer, remark=remark, seal=seal)
