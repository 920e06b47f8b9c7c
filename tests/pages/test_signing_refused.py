"""Every way to sign on the page that is no signature: its sentence, a recorded refusal, nothing changed."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.roles import Role
from accounts.services.roles import grant_role
from approvals.models import SignedAct, SignOff
from events.models import Event
from releases.models import Release
from tests.accounts.fixtures import Door, give_factor
from tests.cast import SETUP, user
from tests.pages.look import press
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def form(release: Release, **changes: str) -> dict[str, str]:
    return {"role": "qa_lead", "answer": "go", "seal": release.seal, "remark": "", **changes}


def counted() -> tuple[int, int, int]:
    told = Event.objects.filter(kind__startswith="signoff").count()
    return SignOff.objects.count(), SignedAct.objects.count(), told


def refusals() -> int:
    return Event.objects.filter(kind="refusal.recorded").count()


REFUSED: tuple[tuple[str, str, dict[str, str], int, str], ...] = (
    (
        "a role not held",
        "quinn",
        {"role": "security_officer"},
        403,
        "quinn does not hold the role Security Officer",
    ),
    ("an old seal", "quinn", {"seal": "0" * 64}, 409, "you named 00000000. Read what changed, then repeat"),
    ("no answer", "quinn", {"answer": "perhaps"}, 400, "perhaps"),
    ("a no-go without a remark", "quinn", {"answer": "no_go"}, 400, "needs a remark"),
    ("a remark that is a document", "quinn", {"remark": "x" * 10_001}, 400, "10"),
    ("an author", "dana", {"role": "qa_lead"}, 403, "dana is an author of 2026.11.0"),
    ("nobody's role", "otto", {}, 403, "otto may not sign"),
)


def test_each_wrong_signature_is_told_recorded_and_changes_nothing(logged_in: Door) -> None:
    release = world.in_review()
    grant_role(user("dana"), Role.QA_LEAD, SETUP)
    before = counted()
    for what, name, changes, status, sentence in REFUSED:
        earlier = refusals()
        seen = press(logged_in(name), f"{release.link}sign/", **form(release, **changes))
        assert (seen.status, sentence in seen.words) == (status, True), (
            f"{what}: {seen.status} {seen.words[-1200:]}"
        )
        assert refusals() == earlier + 1, what
    assert counted() == before


def test_second_signature_and_one_on_a_closed_gate_are_told_and_recorded(logged_in: Door) -> None:
    release = world.in_review()
    press(logged_in("quinn"), f"{release.link}sign/", **form(release))
    world.sign(release, "sasha", answer="no_go", remark="CVE-2026-1.")
    before = counted()
    twice = press(logged_in("quinn"), f"{release.link}sign/", **form(release))
    late = press(logged_in("rita"), f"{release.link}sign/", **form(release, role="release_manager"))
    assert (twice.status, late.status) == (409, 409)
    assert refusals() == 2
    assert counted() == before


def test_get_never_signs_and_old_factors_do_not_either(logged_in: Door) -> None:
    release = world.in_review()
    quinn: Any = logged_in("quinn")
    before = counted()
    assert quinn.get(f"{release.link}sign/", form(release)).url == f"{release.link}go/"
    give_factor(quinn, "quinn", minutes_ago=6)
    assert quinn.post(f"{release.link}sign/", form(release)).url == "/account/step-up/"
    assert refusals() == 1  # a GET leads to the room, as after a log-in: nothing was tried
    assert counted() == before


def test_remark_of_a_megabyte_is_refused(logged_in: Door) -> None:
    release = world.in_review()
    sent = form(release, remark="x" * 1_000_000)
    assert logged_in("quinn").post(f"{release.link}sign/", sent).status_code in (400, 413)
    assert counted()[:2] == (0, 0)


@pytest.mark.parametrize("changes", [{"answer": "no_go"}, {"seal": "0" * 64}])
def test_refused_signature_is_shown_where_it_was_given(logged_in: Door, changes: dict[str, str]) -> None:
    release = world.in_review()
    client = logged_in("quinn")
    before = client.get(f"{release.link}go/").content.decode()
    after = press(client, f"{release.link}sign/", **form(release, **changes)).markup
    assert "autofocus" not in before.partition('id="sign-form"')[2]
    assert after.partition('id="sign-form"')[2].partition("</form>")[0].count("autofocus") == 1
