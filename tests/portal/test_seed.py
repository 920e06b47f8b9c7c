"""The demo's past: real services under a moved clock, on played targets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from accounts.actors import system
from deployments import queries as deployments
from deployments.models import EnvironmentLock
from events import clock
from events.models import Event
from events.verification import verify
from hmhp_portal import platform_file
from hmhp_portal.seeding import bringing, playing
from hmhp_portal.seeding import cast as casting
from hmhp_portal.seeding.history import HISTORY, latest, versions
from releases.models import Lessons, Release
from releases.states import ReleaseState

BAD = next(number for number, past in enumerate(HISTORY) if past.cause)


def test_versions_count_within_their_month() -> None:
    days = [
        datetime(2026, 8, 3, tzinfo=UTC),
        datetime(2026, 8, 30, tzinfo=UTC),
        datetime(2026, 9, 1, tzinfo=UTC),
    ]
    assert versions(days) == ["2026.8.0", "2026.8.1", "2026.9.0"]


def test_shorter_past_ends_with_the_same_versions() -> None:
    assert latest(len(HISTORY)) == HISTORY
    short = latest(2)
    assert [past.title for past in short] == [past.title for past in HISTORY[-2:]]
    live = {name: number for past in HISTORY if not past.cause for name, number in past.brings.items()}
    assert {name: number for past in short for name, number in past.brings.items()} == live
    assert short[0].brings.keys() == live.keys()


@pytest.mark.django_db(transaction=True)
def test_past_has_finished_releases_one_rolled_back_with_lessons_and_its_follow_up() -> None:
    document = platform_file.read(Path(settings.BASE_DIR) / "examples" / "platform.yaml")
    platform_file.load(document, actor=system("test"))
    began = clock.now()
    told = {"cast": casting.assemble(), "played": playing.Played(), "host": "github.com"}
    chosen = [HISTORY[0], HISTORY[BAD], HISTORY[BAD + 1]]
    before = None
    for past, version in zip(chosen, ("1.0.0", "1.1.0", "1.2.0"), strict=True):
        playing.play(past, version, before=before, artifact=bringing.artifacts_of({}), **told)  # type: ignore[arg-type]
        before = version

    states = {r.version: r.status for r in Release.objects.all()}
    completed, back = ReleaseState.COMPLETED, ReleaseState.ROLLED_BACK
    assert states == {"1.0.0": completed, "1.1.0": back, "1.2.0": completed}
    assert Lessons.objects.get().release.version == "1.1.0"
    assert not EnvironmentLock.objects.filter(lifted_at=None).exists()
    assert Release.objects.get(version="1.2.0").follows == Release.objects.get(version="1.1.0")
    serving = deployments.serving(deployments.production())
    assert serving is not None
    assert serving.subject == "1.2.0"
    assert Event.objects.filter(stream="release/1.0.0").earliest("seq").at < began - timedelta(days=80)
    assert verify().problem == ""
