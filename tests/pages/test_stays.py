"""A rolled-back run says what it left behind and what comes next; other runs say nothing of it."""

from __future__ import annotations

import pytest

from deployments.models import EnvironmentLock
from deployments.services.closing import retire_green
from events import clock
from tests.accounts.fixtures import Door
from tests.pages.look import look
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]
HEAD = "What was not undone, and what comes next"


def test_rolled_back_run_names_what_comes_next(logged_in: Door) -> None:
    run = world.rolled_back().production_run
    for path in (f"/deployments/{run.pk}/", f"/deployments/{run.pk}/panels/"):
        words = look(logged_in("devon"), path).words
        assert HEAD in words
        assert f"{run.subject} does not start again here." in words
        assert "a new release, with signatures of its own" in words


def test_rolled_back_run_tells_of_the_lock_and_of_green(logged_in: Door) -> None:
    run = world.rolled_back().production_run
    path = f"/deployments/{run.pk}/"
    before = look(logged_in("devon"), path).words
    assert "Production is locked for ordinary runs." in before
    assert "Green never stood." in before
    EnvironmentLock.objects.update(lifted_at=clock.now())
    run.steps.filter(kind="deploy").update(state="done")
    down = retire_green(run)
    after = look(logged_in("devon"), path).words
    assert "Production is not locked." in after
    assert down is not None
    assert f"Green is not kept. Run {down.pk} takes it down: " in after


def test_database_step_that_was_done_is_told_as_staying(logged_in: Door) -> None:
    run = world.rolled_back().production_run
    step = run.steps.get(kind="migrate")
    type(step).objects.filter(pk=step.pk).update(state="done", sentence="Migrated: records.")
    words = look(logged_in("devon"), f"/deployments/{run.pk}/").words
    assert "The database step is not undone. Migrated: records." in words


def test_run_that_serves_says_nothing_of_it(logged_in: Door) -> None:
    run = world.monitoring().production_run
    assert HEAD not in look(logged_in("devon"), f"/deployments/{run.pk}/").words


def test_window_form_begins_with_the_window_that_stands(logged_in: Door) -> None:
    release = world.approved()
    seen = look(logged_in("rita"), f"{release.link}window/")
    assert f"The window of {release.version} is " in seen.heading
    assert seen.markup.count(f'value="{release.window_start:%Y-%m-%dT%H:%M}"') == 1


def test_window_form_offers_utc_once(logged_in: Door) -> None:
    release = world.approved()
    type(release).objects.filter(pk=release.pk).update(window_zone="Etc/UTC")
    seen = look(logged_in("rita"), f"{release.link}window/")
    assert seen.markup.count(">UTC</option>") == 1
    assert "Etc/UTC<" not in seen.markup
    assert "(UTC)." in seen.heading


def test_way_back_is_told_with_every_region_it_reaches(logged_in: Door) -> None:
    run = world.monitoring().production_run
    count = len(run.plan["regions"])
    told = f"All traffic of {count} region{'' if count == 1 else 's'} goes to "
    for path in (f"/deployments/{run.pk}/", f"/deployments/{run.pk}/panels/"):
        words = look(logged_in("devon"), path).words
        assert told in words
        assert "0 regions" not in words
