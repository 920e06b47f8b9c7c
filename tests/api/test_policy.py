"""The approval policy and deputies by the API: read, signed with a code, taken back, refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.queries import in_force, pending
from approvals.services.proposals import propose
from events import clock
from tests.api.caller import Caller, kind
from tests.approvals.policies import rule, section
from tests.cast import SETUP

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]
RM, QA = "release_manager", "qa_lead"


@pytest.fixture
def seal(platform: None) -> str:
    """A changed policy waits under this seal."""
    propose(section(rule("production", RM, QA)), actor=SETUP)
    propose(section(rule("production", RM)), actor=SETUP)
    found = pending()
    assert found is not None
    return found.digest


def answer(seal: str, role: str, **more: str) -> dict[str, str]:
    return {"role": role, "answer": "go", "seal": seal} | more


def test_change_is_read_and_the_last_signature_adopts_it(seal: str) -> None:
    before = in_force().number
    waits = Caller("rita").ok("get", "policy/")["pending"]
    assert (waits["seal"], waits["becomes_version"]) == (seal, before + 1)
    for row in waits["requirements"]:
        name = row["who_can"][0].lstrip("@")
        Caller(name).ok("post", "policy/sign-offs/", answer(seal, row["role"]))
    now = Caller("rita").ok("get", "policy/")
    assert (now["version"], now["digest"], now["pending"]) == (before + 1, seal, None)


def test_reading_signs_nothing(seal: str) -> None:
    Caller("rita").no(405, "get", "policy/sign-offs/")
    Caller("adam").no(405, "get", "policy/take-back/")
    found = pending()
    assert found is not None
    assert not found.gate.signoffs.exists()


def test_old_seal_and_role_not_held_and_service_token_are_refused(seal: str) -> None:
    assert kind(Caller("rita").no(409, "post", "policy/sign-offs/", answer("0" * 64, RM))) == "wrong-seal"
    problem = Caller("rita").no(403, "post", "policy/sign-offs/", answer(seal, "security_officer"))
    assert "does not hold the role" in problem["detail"]
    Caller(None).no(403, "post", "policy/sign-offs/", answer(seal, RM))


def test_only_an_administrator_takes_it_back_and_once(seal: str) -> None:
    Caller("rita").no(403, "post", "policy/take-back/", {"reason": "x"})
    assert Caller("adam").ok("post", "policy/take-back/", {"reason": "Wrong file."})["state"] == "withdrawn"
    problem = Caller("adam").no(404, "post", "policy/take-back/", {"reason": "Again."})
    assert kind(problem) == "no-policy-proposal"


def deputy(**more: str) -> dict[str, str]:
    now = clock.now()
    times = {"since": now.isoformat(), "until": (now + timedelta(days=7)).isoformat()}
    named = {"principal": "quinn", "deputy": "otto", "role": QA, "reason": "Holidays."}
    return named | times | more


def test_deputy_is_named_read_and_ended_before_the_time() -> None:
    quinn = Caller("quinn")
    made = quinn.ok("post", "deputies/", deputy())
    assert [one["id"] for one in quinn.ok("get", "deputies/")] == [made["id"]]
    assert quinn.ok("delete", f"deputies/{made['id']}/")["ended_at"]
    assert quinn.ok("get", "deputies/") == []


def test_deputy_of_somebody_else_or_for_nobody_is_refused() -> None:
    Caller("rita").no(403, "post", "deputies/", deputy())
    problem = Caller("quinn").no(400, "post", "deputies/", deputy(deputy="ghost"))
    assert list(problem["fields"]) == ["deputy"]
    assert Caller("quinn").ok("get", "deputies/") == []
