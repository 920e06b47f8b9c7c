"""A release, its room and its runs open in every state, in few queries, and hold nothing inline."""

from __future__ import annotations

import pytest

from releases.models import Release
from releases.services import cancel
from tests.accounts.fixtures import Door
from tests.cast import actor
from tests.pages.look import look
from tests.pages.test_count import MOST, queries
from tests.pages.test_open import TABS
from tests.releases import world
from tests.releases.begin import Begun

pytestmark = pytest.mark.django_db


def rejected() -> Release:
    release = world.in_review()
    world.sign(release, "quinn", answer="no_go", remark="Rejoin fails.")
    return world.again(release)


def cancelled() -> Release:
    release = world.draft()
    cancel.cancel(release.version, actor=actor("rita"), reason="Not needed.")
    return world.again(release)


STATES = world.STATES | {"rejected": rejected, "cancelled": cancelled}


@pytest.mark.parametrize("_begun", STATES.values(), ids=STATES, indirect=True)
class TestEveryState(Begun):
    """What is read of a release wherever it stands."""

    def test_release_and_its_tabs_open(self, release: Release, logged_in: Door) -> None:
        for tab in TABS:
            seen = look(logged_in("rita"), f"{release.link}{tab}")
            assert seen.status == 200, f"{tab}: {seen.words[:300]}"
            assert release.version in seen.heading
            seen.demand_clean()

    def test_its_runs_open(self, release: Release, logged_in: Door) -> None:
        for run in {release.staging_run_id, release.production_run_id} - {None}:
            seen = look(logged_in("devon"), f"/deployments/{run}/")
            assert seen.status == 200, seen.words[:300]
            seen.demand_clean()
            assert look(logged_in("devon"), f"/deployments/{run}/panels/").status == 200

    def test_release_and_room_stay_within_the_limit(self, release: Release, logged_in: Door) -> None:
        for tab in ("", "go/"):
            assert queries(logged_in, f"{release.link}{tab}") <= MOST, tab
