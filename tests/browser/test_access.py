"""No page breaks a rule of access (axe-core): in light and dark, on a wide screen and on a phone.

The main pages are looked at in all four; the others in one each, or in all with EVERY_LOOK=1.

On the same visits: no violation of the Content-Security-Policy, no error in the console, and nothing that
scrolls sideways.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from typing import Any

import pytest
from django.db import transaction
from django.template.loader import render_to_string

from accounts.actors import person
from accounts.models import User
from deployments.models import DeploymentRun
from deployments.services import outcomes
from deployments.states import RunState
from desk import navigation
from events import clock
from tests.browser import routes, rules
from tests.browser.site import Site, ended_as
from tests.browser.visits import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
MAIN_PAGES = {"/", "/for-you/", "/releases/", "/releases/2026.11.0/", "/releases/2026.11.0/go/"}
WITHOUT = {
    "account/tokens/<uuid:token>/revoke/",
    "account/step-up/",
    "account/first/<str:token>/",
    "account/link/<str:token>/",
    "account/login/",
    "account/password/change/",
    "account/factors/app/remove/",
    "account/factors/keys/<int:pk>/rename/",
    "account/factors/keys/<int:pk>/remove/",
    "account/factors/keys/prove/",
    "account/factors/codes/",
    "account/signup/",
    "account/email/",
    "account/confirm-email/",
    "account/password/set/",
    "releases/<str:version>/sign/",
    "releases/<str:version>/override-freezes/",
    "emergency/stops/<int:pk>/sign/",
    "emergency/stops/<int:pk>/lift/",
    "emergency/stops/<int:pk>/ask-again/",
    "emergency/reviews/<int:pk>/sign/",
    "emergency/reviews/<int:pk>/follow-up/",
    "audit/dossiers/<uuid:dossier>/",
    "policy/sign/",
    "policy/take-back/",
}
"""Routes that lead on at once, ask for a proof first, or are about something that the story has none of."""
REFUSED = "the server responded with a status of 40"
"""The browser's words for an answer that is meant to refuse."""
PAGES_FOR_NOBODY = (
    "/account/login/",
    "/account/password/change/",
    "/account/link/nothing/",
    "/nothing/here/",
)


@pytest.fixture(scope="module", autouse=True)
def _judged_everywhere(visitor: Visitor) -> None:
    """Every page of this file has axe-core from its first moment: handing it over takes its time."""
    visitor.scripts.append(rules.source())


def demand_none(found: list[str], visitor: Visitor) -> None:
    assert not found, "\n".join(found)
    assert not visitor.complaints, "\n".join(visitor.complaints)


def test_every_page_for_somebody_who_may_open_it(site: Site, visitor: Visitor) -> None:
    found: list[str] = []
    pages, silent = site.do(routes.pages)
    for name, mine in groupby(sorted(pages), key=itemgetter(0)):
        for _, path in mine:
            looks = rules.ALL if path in MAIN_PAGES else ()
            found += rules.faults(visitor.visit(site, path, name), path, looks)
        visitor.leave(site, name)
    found += [f"{route} gave nobody a page" for route in silent if route not in WITHOUT]
    demand_none(found, visitor)


def test_pages_without_login_and_refusals(site: Site, visitor: Visitor) -> None:
    found: list[str] = []
    for path in PAGES_FOR_NOBODY:
        found += rules.faults(visitor.visit(site, path), path)
    for path in ("/audit/", "/people/", "/releases/9.9.9/"):
        found += rules.faults(visitor.visit(site, path, "stella"), f"{path} refused")
    visitor.complaints = [told for told in visitor.complaints if REFUSED not in told]
    demand_none(found, visitor)


def test_pages_of_failure(site: Site, visitor: Visitor) -> None:
    found: list[str] = []
    page = visitor.fresh(site)
    for status in (400, 403, 404, 500, 503):
        markup = render_to_string(f"{status}.html", {"path": "/", "retry_seconds": 5})
        page.route(f"**/failed/{status}/", _answer(markup))
        page.goto(f"{site.portal}/failed/{status}/")
        found += rules.faults(page, str(status))
    page.context.close()
    demand_none(found, visitor)


def _answer(markup: str) -> Callable[[Any], None]:
    return lambda route: route.fulfill(body=markup, content_type="text/html; charset=utf-8")


def as_queued(run_id: int) -> DeploymentRun:
    return ended_as(run_id, RunState.QUEUED, started_at=None, traffic_at=None, sentence="Waits for its turn.")


def as_failed(run_id: int) -> DeploymentRun:
    told = "patient-web never became ready in us-east."
    return ended_as(run_id, RunState.FAILED, traffic_at=None, ended_at=clock.now(), sentence=told)


def as_cancelled(run_id: int) -> DeploymentRun:
    return ended_as(run_id, RunState.CANCELLED, traffic_at=None, ended_at=clock.now(), sentence="Not now.")


Move = Callable[[DeploymentRun], None]
MOVES: tuple[tuple[str, Move], ...] = (
    ("running", lambda run: None),
    ("paused", lambda run: run.pause()),
    ("rolling_back", lambda run: outcomes.roll_back(run, "Green is bad.", "system:engine", "8 %")),
    ("rolled_back", lambda run: outcomes.finish_rollback(run)),
)


def moved(run_id: int, move: Move) -> DeploymentRun:
    """The run after a move, as the engine makes it."""
    with transaction.atomic():
        run = DeploymentRun.objects.select_for_update().get(pk=run_id)
        move(run)
        run.save()
    return DeploymentRun.objects.get(pk=run_id)


def test_every_deployment_state(site: Site, visitor: Visitor) -> None:
    assert site.run is not None
    found: list[str] = []

    for make in (as_queued, as_failed, as_cancelled):
        run = site.do(make, site.run)
        found += rules.faults(visitor.visit(site, f"/deployments/{run.pk}/", "devon"), f"run {run.state}")
    for state, move in MOVES:
        run = site.do(moved, site.run, move)
        assert run.state == state
        for path in (f"/deployments/{run.pk}/", "/"):
            found += rules.faults(visitor.visit(site, path, "devon"), f"{path} {run.state}")
    demand_none(found, visitor)


def rooms() -> list[str]:
    rita = User.objects.get(username="rita")
    return [room.url for room in navigation.rooms(person(rita))]


def test_first_day_of_a_portal(empty_site: Site, visitor: Visitor) -> None:
    found: list[str] = []
    for path in empty_site.do(rooms):
        found += rules.faults(visitor.visit(empty_site, path, "rita"), f"first day {path}")
    demand_none(found, visitor)
