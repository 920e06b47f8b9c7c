"""Every way to sign that is no signature: refused with its sentence, and nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.services.factors import next_code
from approvals.models import SignedAct, SignOff
from events.models import Event
from releases.models import Release
from tests.api.caller import Caller, kind
from tests.cast import user
from tests.releases import world

SIGN = "releases/2026.11.0/sign-offs/"


@pytest.fixture
def release(platform: None) -> Release:
    return world.in_review()


@pytest.fixture
def unchanged(release: Release) -> Iterator[None]:
    """Signatures, texts and record after the test are those from before it, and the refusal is recorded."""
    before = (SignOff.objects.count(), SignedAct.objects.count(), _events(release))
    yield
    told = Event.objects.filter(kind="refusal.recorded")
    assert told.exists()
    assert all(event.actor.startswith(("person:", "service:")) for event in told)
    assert (SignOff.objects.count(), SignedAct.objects.count(), _events(release)) == before
    assert world.again(release).state == "review"


def _events(release: Release) -> int:
    return Event.objects.filter(stream=release.stream, kind__startswith="signoff").count()


def go(release: Release, **changes: Any) -> dict[str, Any]:
    return {"role": "qa_lead", "answer": "go", "seal": release.seal, "remark": "", **changes}


@pytest.mark.usefixtures("unchanged")
class TestRefused:
    def test_without_a_code(self, release: Release) -> None:
        problem = Caller("quinn").no(403, "post", SIGN, go(release), portal_one_time_code="")
        assert kind(problem) == "factor-needed"
        assert "Portal-One-Time-Code" in problem["detail"]

    def test_with_a_wrong_code(self, release: Release) -> None:
        problem = Caller("quinn").no(403, "post", SIGN, go(release), portal_one_time_code="000000")
        assert kind(problem) == "one-time-code-refused"

    def test_with_somebody_elses_code(self, release: Release) -> None:
        Caller("rita")
        code = str(next_code(user("rita")))
        problem = Caller("quinn").no(403, "post", SIGN, go(release), portal_one_time_code=code)
        assert kind(problem) == "one-time-code-refused"

    def test_after_too_many_wrong_codes(self, release: Release) -> None:
        quinn = Caller("quinn")
        for _ in range(5):
            quinn.no(403, "post", SIGN, go(release), portal_one_time_code="000000")
        answer = quinn.call("post", SIGN, go(release))
        assert (answer.status_code, answer["Retry-After"]) == (429, "300")
        assert kind(answer.json()) == "too-many-codes"

    def test_for_another_person(self, release: Release) -> None:
        assert "by" in Caller("quinn").no(400, "post", SIGN, go(release, by="sasha"))["fields"]

    def test_in_a_role_not_held(self, release: Release) -> None:
        problem = Caller("quinn").no(403, "post", SIGN, go(release, role="security_officer"))
        assert "does not hold" in problem["detail"]

    def test_on_an_old_seal(self, release: Release) -> None:
        assert kind(Caller("quinn").no(409, "post", SIGN, go(release, seal="0" * 64))) == "wrong-seal"

    def test_by_a_service(self, release: Release) -> None:
        Caller(None).no(403, "post", SIGN, go(release), portal_one_time_code="123456")

    def test_by_get(self, release: Release) -> None:
        assert Caller("quinn").call("get", SIGN).status_code == 405

    def test_with_a_remark_of_a_megabyte(self, release: Release) -> None:
        assert kind(Caller("quinn").no(413, "post", SIGN, go(release, remark="x" * 1_000_000))) == "too-large"
        problem = Caller("quinn").no(400, "post", SIGN, go(release, remark="x" * 10_001))
        assert "remark" in problem["fields"]


def test_second_signature_is_refused(release: Release) -> None:
    Caller("quinn").ok("post", SIGN, go(release))
    assert "already" in Caller("quinn").no(409, "post", SIGN, go(release))["detail"]
    assert SignOff.objects.count() == SignedAct.objects.count() == 1


def test_closed_gate_takes_no_signature(release: Release) -> None:
    Caller("sasha").ok("post", SIGN, go(release, role="security_officer", answer="no_go", remark="CVE"))
    Caller("quinn").no(409, "post", SIGN, go(release))
    assert SignOff.objects.count() == 1


def test_code_of_one_signature_makes_no_decision(release: Release) -> None:
    rita = Caller("rita")
    code = str(next_code(user("rita")))
    rita.ok("post", SIGN, go(release, role="release_manager"), portal_one_time_code=code)
    body = {"answer": "no_go", "seal": release.seal, "reason": "Not today"}
    problem = rita.no(403, "post", "releases/2026.11.0/decision/", body, portal_one_time_code=code)
    assert "used already" in problem["detail"]
    assert world.again(release).state == "review"
