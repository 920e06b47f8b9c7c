"""No page breaks a rule of access (axe-core): in light and dark, on a wide screen and on a phone.

On the same visits: no violation of the Content-Security-Policy, no error in the console, and nothing that
scrolls sideways.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction
from django.template.loader import render_to_string

from deployments.models import DeploymentRun
from deployments.services import outcomes
from deployments.states import RunState
from events import clock
from tests.browser import routes, rules
from tests.browser.site import Site, client, ended_as
from tests.browser.visits import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
MAIN_PAGES = {"/", "/for-you/", "/releases/", "/releases/2026.11.0/", "/releases/2026.11.0/go/"}
REFUSED = "the server responded with a status of 40"
"""The browser's words for an answer that is meant to refuse."""
PAGES_FOR_NOBODY = (
    "/account/login/",
    "/account/password/change/",
    "/account/link/nothing/",
    "/nothing/here/",
)


@pytest.fixture(autouse=True)
def _no_complaints(visitor: Visitor) -> None:
    """What the browser said in another test is that test's."""
    visitor.complaints.clear()


def demand_none(found: list[str], visitor: Visitor) -> None:
    assert not found, "\n".join(found)
    assert not visitor.complaints, "\n".join(visitor.complaints)


def test_every_page_for_somebody_who_may_open_it(site: Site, visitor: Visitor) -> None:
    found: list[str] = []
    pages, silent = site.do(routes.pages)
    for name, path in pages:
        looks = rules.ALL if path in MAIN_PAGES else rules.BOTH
        found += rules.faults(visitor.visit(site, path, name), path, looks)
    demand_none(found, visitor)
    assert silent == [], "routes that gave nobody a page"


def test_pages_without_login_and_refusals(site: Site, visitor: Visitor) -> None:
    found: list[str] = []
    for path in PAGES_FOR_NOBODY:
        found += rules.faults(visitor.visit(site, path), path)
    for path in ("/audit/", "/people/", "/releases/9.9.9/"):
        found += rules.faults(visitor.visit(site, path, "stella"), f"{path} refused")
    visitor.complaints = [told for told in visitor.complaints if REFUSED not in told]
    demand_none(found, visitor)


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
def test_pages_of_failure(status: int, site: Site, visitor: Visitor) -> None:
    page = visitor.fresh(site)
    markup = render_to_string(f"{status}.html", {"path": "/", "retry_seconds": 5}).encode()
    kind = "text/html; charset=utf-8"
    page.route("**/failed/", lambda route: route.fulfill(body=markup, content_type=kind))
    page.goto(f"{site.portal}/failed/")
    demand_none(rules.faults(page, str(status)), visitor)


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
    ("running", lambda run: run.resume()),
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

    def look(run: DeploymentRun) -> None:
        nonlocal found
        found += rules.faults(visitor.visit(site, f"/deployments/{run.pk}/", "devon"), f"run {run.state}")
        found += rules.faults(visitor.visit(site, "/", "devon"), f"board beside a run {run.state}")

    for make in (as_queued, as_failed, as_cancelled):
        look(site.do(make, site.run))
    for state, move in MOVES:
        run = site.do(moved, site.run, move)
        assert run.state == state
        look(run)
    demand_none(found, visitor)


def open_paths() -> list[str]:
    rita = client("rita")
    paths = [f"/{route}" for route in routes.routes() if "<" not in route]
    return [path for path in paths if rita.get(path).status_code == 200]


def test_first_day_of_a_portal(empty_site: Site, visitor: Visitor) -> None:
    found: list[str] = []
    for path in empty_site.do(open_paths):
        found += rules.faults(visitor.visit(empty_site, path, "rita"), f"first day {path}")
    demand_none(found, visitor)
