"""Pages ask as many queries however much there is: at most fifteen, on the board eighteen."""

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
from events import clock, recent
from events.services import record
from releases.models import Release
from releases.services import create, emergency
from tests.accounts.fixtures import Door
from tests.approvals.policies import agree, load, rule
from tests.cast import actor, user
from tests.releases import world
from tests.releases.begin import Begun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]
MOST = 15
BOARD = MOST + 3
"""Read anew: what all readers see in two parts, whether they still hold, and the reader's own."""


def queries(door: Door, path: str, name: str = "rita") -> int:
    client = door(name)
    client.get(path)
    recent.forget_all()
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


def many(*numbers: int) -> None:
    for number in numbers:
        create.create(
            actor=actor("rita"),
            version=f"2027.{number}.0",
            kind="feature",
            commit="0c0ffee",
            components=world.whole("c"),
            authors=world.DANA,
        )


ROOMS = ("/", "/releases/", "/for-you/", "/shell/", "/environments/", "/deployments/", "/policy/", "/audit/")


def test_rooms_ask_the_same_number_of_queries_with_more_releases(logged_in: Door) -> None:
    world.deploying()
    many(0, 1)
    few = {path: queries(logged_in, path) for path in ROOMS}
    many(*range(2, 12))
    assert {path: queries(logged_in, path) for path in ROOMS} == few
    assert max(few.values()) <= MOST, few


def test_run_page_stays_within_the_limit(logged_in: Door) -> None:
    run = world.monitoring().production_run
    assert queries(logged_in, f"/deployments/{run.pk}/", "devon") <= MOST
    assert queries(logged_in, f"/deployments/{run.pk}/panels/", "devon") <= MOST


class TestInReview(Begun):
    """With one release that waits for its signatures."""

    begin = staticmethod(world.in_review)

    @pytest.mark.parametrize("tab", ["", "content/", "deployments/", "history/", "signatures/"])
    def test_release_pages_stay_within_the_limit(self, release: Release, tab: str, logged_in: Door) -> None:
        assert queries(logged_in, f"{release.link}{tab}") <= MOST

    def test_the_room_reads_every_fact_in_a_fixed_number_of_queries(
        self, release: Release, logged_in: Door
    ) -> None:
        before = queries(logged_in, f"{release.link}go/")
        many(*range(5))
        world.sign(release, "quinn")
        assert queries(logged_in, f"{release.link}go/") <= before <= MOST


def running() -> Release:
    """One whose run is on its way in production."""
    release = world.deploying()
    run = DeploymentRun.objects.get(pk=release.production_run_id)
    run.start()
    run.save()
    return release


def busiest_day() -> Release:
    """One of everything on top."""
    release = running()
    world.draft("2027.1.0")
    world.staged("2027.2.0", components=world.whole("d"))
    world.in_review("2027.3.0", components=world.whole("e"))
    world.staging("2027.4.0", components=world.whole("f"))
    return release


def worst_day() -> Release:
    """A stop in force, reviews late and owed, a changed policy."""
    release = running()
    for version, letter in (("2027.1.0", "e"), ("2027.2.0", "f")):
        broken = world.in_review(version, components=world.whole(letter))
        emergency.break_glass(version, actor=actor("rita"), reason="Outage.", seal=broken.seal)
    world.in_review("2027.3.0", components=world.whole("d"))
    stopping.stop(environment="production", actor=actor("sue"), reason="Errors.")
    load(rule("production", "release_manager"))
    return release


class TestBusiestDay(Begun):
    """With all hands at work."""

    begin = staticmethod(busiest_day)

    @pytest.mark.parametrize("name", ["rita", "devon", "quinn"])
    def test_board_of_the_busiest_day_stays_within_the_limit(self, name: str, logged_in: Door) -> None:
        assert queries(logged_in, "/", name) <= BOARD

    def test_board_that_somebody_has_just_read_asks_for_the_readers_own_alone(
        self, logged_in: Door, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recent, "SECONDS", 60.0)
        rita, devon = logged_in("rita"), logged_in("devon")
        devon.get("/account/settings/")
        assert rita.get("/").status_code == 200
        with CaptureQueriesContext(connection) as caught:
            assert devon.get("/").status_code == 200
        # who devon is, which roles he has, whether an event came, his own drafts
        assert len(caught) <= 4


def test_rooms_of_the_auditor_ask_the_same_number_of_queries_with_more_history(logged_in: Door) -> None:
    many(0)
    paths = ("/audit/", "/audit/dossiers/", "/audit/holds/", "/policy/", "/keys/")
    few = {path: queries(logged_in, path, "audrey") for path in paths}
    world.in_review()
    for path in paths:
        assert queries(logged_in, path, "audrey") <= few[path] <= MOST, path


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


class TestWorstDay(Begun):
    """With nothing going well."""

    begin = staticmethod(worst_day)

    @pytest.mark.parametrize("name", ["rita", "sasha", "devon"])
    def test_pages_of_the_worst_day_stay_within_the_limit(self, name: str, logged_in: Door) -> None:
        with clock.at(clock.now() + timedelta(hours=49)):
            assert queries(logged_in, "/", name) <= BOARD
            counts = {
                path: queries(logged_in, path, name) for path in ("/for-you/", "/shell/", "/emergency/")
            }
            counts |= {
                f"{r.version}{tab}": queries(logged_in, f"{r.link}{tab}", name)
                for r in Release.objects.filter(version__in=("2027.2.0", "2027.3.0"))
                for tab in ("", "go/")
            }
        assert max(counts.values()) <= MOST, counts
