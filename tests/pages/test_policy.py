"""The policy page: what it shows, that reading never acts, and what waits in "For you"."""

from __future__ import annotations

import pytest

from approvals.queries import in_force
from approvals.services.proposals import propose
from tests.accounts.fixtures import Door
from tests.approvals.policies import load, rule, section, waiting
from tests.cast import SETUP
from tests.pages.look import look, press

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]
RM, QA = "release_manager", "qa_lead"


@pytest.fixture(autouse=True)
def _changed(platform: None) -> None:
    load(rule("production", RM, QA))
    propose(section(rule("production", RM)), actor=SETUP)


def signer() -> tuple[str, str]:
    """Login and role of one who can sign the change."""
    names = {RM: "rita", "security_officer": "sasha", QA: "quinn"}
    role = str(waiting().gate.requirements.order_by("pk")[0].role)
    return names[role], role


def test_page_shows_the_rules_and_the_change(logged_in: Door) -> None:
    seen = look(logged_in(signer()[0]), "/policy/")
    assert seen.status == 200
    assert all(sentence in seen.words for sentence in waiting().changes)
    assert "any Security Officer: one signature is enough in this emergency" in seen.words
    seen.demand_clean()


def test_reading_never_acts(logged_in: Door) -> None:
    name, role = signer()
    client = logged_in(name)
    for path in ("/policy/", "/policy/sign/", "/policy/take-back/"):
        look(client, path, role=role, answer="go", seal=waiting().digest, reason="x")
    assert not waiting().gate.signoffs.exists()


def test_signature_on_the_page_counts_and_ends_the_waiting_for_this_person(logged_in: Door) -> None:
    name, role = signer()
    client = logged_in(name)
    assert "Changed approval policy" in look(client, "/for-you/").words
    assert "Changed approval policy" not in look(logged_in("otto"), "/for-you/").words
    seen = press(client, "/policy/sign/", role=role, answer="go", remark="", seal=waiting().digest)
    assert "on the record" in seen.words
    assert "Changed approval policy" not in look(client, "/for-you/").words


def test_administrator_takes_it_back_with_a_reason(logged_in: Door) -> None:
    before = in_force().number
    assert press(logged_in("adam"), "/policy/take-back/", reason="").status == 400
    assert "taken back" in press(logged_in("adam"), "/policy/take-back/", reason="Wrong file.").words
    assert in_force().number == before
