"""Drift is on the board, and its report sets two environments side by side."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from deployments.models import TargetView
from events import recent
from tests.accounts.fixtures import Door
from tests.pages.look import look
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]
WORDS = "Production does not run what was approved."


def test_board_shows_what_runs_otherwise_than_approved(logged_in: Door) -> None:
    run = world.monitoring().production_run
    assert WORDS not in look(logged_in("rita"), "/").words
    world.see(run, web=world.digest("e"))
    recent.forget_all()  # as after a second: what is seen without an event is that old at most
    for path in ("/", "/environments/"):
        seen = look(logged_in("rita"), path)
        assert f"{WORDS} Us-east runs sha256:eeeeeeeeeeee of web, approved is sha256:" in seen.words
        seen.demand_clean()
    TargetView.objects.update(reachable=False)
    recent.forget_all()
    assert WORDS not in look(logged_in("rita"), "/").words


def test_weights_changed_by_hand_are_told_with_who_did_it(logged_in: Door) -> None:
    run = world.monitoring().production_run
    mark = "kubectl-edit changed the route web to other 50 %"
    TargetView.objects.filter(target__environment=run.environment).update(
        weights={run.slot: 50, "other": 50}, mark=mark
    )
    words = look(logged_in("rita"), "/").words
    assert f"sends 50 % of its traffic to other, approved is {run.subject} ({mark})" in words


def test_whoever_holds_a_target_is_named_on_the_board(logged_in: Door) -> None:
    run = world.monitoring().production_run
    held = "the annotation release.hmhp.example/hold on the Namespace hmhp says “node upgrade”"
    TargetView.objects.filter(target__environment=run.environment).update(sentence=held)
    assert f"Production in us-east is held from the cluster: {held}." in look(logged_in("rita"), "/").words


def test_report_says_which_side_cannot_be_compared(logged_in: Door) -> None:
    world.monitoring()
    seen = look(logged_in("rita"), "/environments/drift/")
    assert seen.heading == "What runs is what was approved."
    why = "cannot be compared: its driver (local) is not told in objects."
    assert f"Staging in us-east {why}" in seen.words
    assert seen.words.count(why) == 2  # each environment once, whatever its number of regions
    seen.demand_clean()
    assert look(logged_in("rita"), "/environments/drift/", left="nowhere").status == 404
    with pytest.raises(CommandError, match="not told in objects"):
        call_command("drift_report", stdout=StringIO())
