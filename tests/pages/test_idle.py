"""Idle log-off: pages that ask by themselves keep nobody logged in, except beside a run that moves."""

from __future__ import annotations

import pytest
from django.test import Client

from deployments.models import DeploymentRun
from tests.accounts.fixtures import Door
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]
POLL = {"HX-Request": "true", "X-Portal-Poll": "1"}


def renewed(client: Client, path: str) -> bool:
    """True when the answer sets the session's cookie again, as each renewal does."""
    answer = client.get(path, headers=POLL)
    assert answer.status_code == 200
    return "hmhp_session" in answer.cookies


def test_polling_page_does_not_renew_the_session(logged_in: Door) -> None:
    client = logged_in("rita")
    assert not renewed(client, "/shell/")
    assert not renewed(client, "/")


def test_person_who_opens_a_page_renews_it(logged_in: Door) -> None:
    client = logged_in("rita")
    assert "hmhp_session" in client.get("/").cookies


def test_watching_a_run_that_moves_counts_as_activity(logged_in: Door) -> None:
    run = DeploymentRun.objects.get(pk=world.deploying().production_run_id)
    client = logged_in("devon")
    assert not renewed(client, f"/deployments/{run.pk}/panels/")
    run.start()
    run.save()
    assert renewed(client, f"/deployments/{run.pk}/panels/")


def test_fragment_of_an_ended_session_is_401_and_no_login_page(db: None) -> None:
    assert Client().get("/shell/", headers=POLL).status_code == 401
