"""The number of queries of a page does not grow with what there is, and stays at fifteen or fewer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from approvals.queries import pending
from deployments.models import DeploymentRun
from deployments.services import stopping
from desk.models import DossierRequest
from events import clock
from events.services import record
from releases.services import create, emergency
from tests.accounts.fixtures import Door
from tests.approvals.policies import agree, load, rule
from tests.cast import actor, user
from tests.pages.test_open import STATES
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]
MOST = 15


def queries(door: Door, path: str, name: str = "rita") -> int:
    client = door(name)
    client.get(path)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


def many(count: int) -> None:
    for number in range(count):
        create.create(
            actor=actor("rita"),
            version=f"2027.{number}.0",
            kind="feature",
            commit="0c0ffee",
            components=world.whole("c"),
            authors=world.DANA,
        )


@pytest.mark.parametrize(
    "path",
    ["/", "/releases/", "/for-you/", "/shell/", "/environments/", "/deployments/", "/policy/", "/audit/"],
)
def test_rooms_ask_the_same_number_of_queries_with_more_releases(path: str, logged_in: Door) -> None:
    world.deploying()
    many(2)
    few = queries(logged_in, path)
    many_more = 12
    for number in range(2, many_more):
        create.create(
            actor=actor("rita"),
            version=f"2027.{number}.0",
            kind="feature",
            commit="0c0ffee",
            components=world.whole("c"),
            authors=world.DANA,
        )
    assert queries(logged_in, path) == few
    assert few <= MOST, f"{path}: {few}"


@pytest.mark.parametrize("tab", ["", "content/", "deployments/", "history/", "signatures/"])
def test_release_pages_stay_within_the_limit(tab: str, logged_in: Door) -> None:
    release = world.in_review()
    assert queries(logged_in, f"{release.link}{tab}") <= MOST


def test_run_page_stays_within_the_limit(logged_in: Door) -> None:
    run = world.monitoring().production_run
    assert queries(logged_in, f"/deployments/{run.pk}/", "devon") <= MOST
    assert queries(logged_in, f"/deployments/{run.pk}/panels/", "devon") <= MOST


def test_the_room_reads_every_fact_in_a_fixed_number_of_queries(logged_in: Door) -> None:
    release = world.in_review()
    before = queries(logged_in, f"{release.link}go/")
    many(5)
    world.sign(release, "quinn")
    assert queries(logged_in, f"{release.link}go/") <= before <= MOST


@pytest.mark.parametrize("state", STATES)
def test_release_and_room_stay_within_the_limit_in_every_state(state: str, logged_in: Door) -> None:
    release = STATES[state]()
    for tab in ("", "go/"):
        assert queries(logged_in, f"{release.link}{tab}") <= MOST, tab


@pytest.mark.parametrize("name", ["rita", "devon", "quinn"])
def test_board_of_the_busiest_day_stays_within_the_limit(name: str, logged_in: Door) -> None:
    run = DeploymentRun.objects.get(pk=world.deploying().production_run_id)
    run.start()
    run.save()
    world.draft("2027.1.0")
    world.staged("2027.2.0", components={**world.whole("d")})
    world.in_review("2027.3.0", components={**world.whole("e")})
    world.staging("2027.4.0", components={**world.whole("f")})
    assert queries(logged_in, "/", name) <= MOST


@pytest.mark.parametrize("path", ["/audit/", "/audit/dossiers/", "/audit/holds/", "/policy/", "/keys/"])
def test_rooms_of_the_auditor_ask_the_same_number_of_queries_with_more_history(
    path: str, logged_in: Door
) -> None:
    many(1)
    few = queries(logged_in, path, "audrey")
    world.in_review()
    assert queries(logged_in, path, "audrey") <= few <= MOST


def dossiers(count: int, by: str) -> None:
    now = clock.now()
    DossierRequest.objects.bulk_create(
        DossierRequest(
            release="2026.11.0", asked_by=actor(by).id, asked_at=now, archive=b"x", sha256="a" * 64
        )
        for _ in range(count)
    )


def versions(*counts: int) -> None:
    """One signed version of the policy for each."""
    for count in counts:
        load(rule(f"production {count}", "release_manager", "qa_lead"))
        if pending() is not None:  # the first is in force at once
            agree("rita", "sasha")


def happened(count: int) -> None:
    names = ("rita", "devon", "quinn", "sasha", "dana", "audrey", "adam")
    for number in range(count):
        with transaction.atomic():
            who = actor(names[number % len(names)]).id
            record(f"release/{number}", "release.annotated", who, reason="why", after={"number": number})


def factors(count: int) -> None:
    kind = Authenticator.Type.WEBAUTHN
    Authenticator.objects.bulk_create(
        Authenticator(user=user("audrey"), type=kind, data={"name": f"Key {number}", "credential": {}})
        for number in range(count)
    )


@pytest.mark.parametrize(
    ("path", "little", "much"),
    [
        ("/audit/dossiers/", lambda: dossiers(2, "audrey"), lambda: dossiers(40, "rita")),
        ("/policy/", lambda: versions(2, 3), lambda: versions(4, 5, 6, 7)),
        ("/audit/", lambda: happened(3), lambda: happened(60)),
        ("/account/factors/", lambda: factors(1), lambda: factors(6)),
    ],
)
def test_pages_with_a_long_history_ask_the_same_number_of_queries(
    path: str, little: Callable[[], None], much: Callable[[], None], logged_in: Door
) -> None:
    little()
    few = queries(logged_in, path, "audrey")
    much()
    assert queries(logged_in, path, "audrey") <= few <= MOST


@pytest.mark.parametrize("name", ["rita", "sasha", "devon"])
def test_pages_of_the_worst_day_stay_within_the_limit(name: str, logged_in: Door) -> None:
    """A stop in force, reviews late and owed, a changed policy; and the busiest day on top."""
    run = DeploymentRun.objects.get(pk=world.deploying().production_run_id)
    run.start()
    run.save()
    for version, letter in (("2027.1.0", "e"), ("2027.2.0", "f")):
        broken = world.in_review(version, components={**world.whole(letter)})
        emergency.break_glass(version, actor=actor("rita"), reason="Outage.", seal=broken.seal)
    asked = world.in_review("2027.3.0", components={**world.whole("d")})
    stopping.stop(environment="production", actor=actor("sue"), reason="Errors.")
    load(rule("production", "release_manager"))
    with clock.at(clock.now() + timedelta(hours=49)):
        counts = {
            path: queries(logged_in, path, name) for path in ("/", "/for-you/", "/shell/", "/emergency/")
        }
        counts |= {
            f"{r.version}{tab}": queries(logged_in, f"{r.link}{tab}", name)
            for r in (asked, broken)
            for tab in ("", "go/")
        }
    assert max(counts.values()) <= MOST, counts
