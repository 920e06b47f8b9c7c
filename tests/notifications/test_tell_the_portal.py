"""What people are told of that has no release: stops, the policy, late entries, their own factors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from accounts.services.erasing import erase_person
from accounts.services.factors import reset_factors
from accounts.services.roles import end_role
from approvals.models import Review
from approvals.services import stopping as gates_of_stops
from approvals.services.proposals import settle_proposal, sign_policy, withdraw_proposal
from approvals.services.reviews import remind
from approvals.services.signing import sign
from approvals.tasks import sweep
from deployments.services import stopping
from deployments.services.late_entries import note, record_all
from events import clock
from events.services import record
from notifications.models import Message
from notifications.services import reading, sending
from platforms.base import Observation
from releases.services import emergency
from tests import cast
from tests.approvals.policies import agree, load, rule, waiting
from tests.cast import actor, app_of, user
from tests.notifications.mail_server import Postbox, free_port, listening
from tests.notifications.test_write import differences
from tests.releases import world

pytestmark = pytest.mark.django_db
EVERYBODY = {"rita", "devon", "quinn", "sasha", "dana", "sue", "stan", "audrey", "adam"}
LIFTERS = {"rita", "devon"}
RULES = rule("production", "release_manager", "qa_lead", "security_officer")
FEWER = rule("production", "release_manager", "qa_lead")


@pytest.fixture(autouse=True)
def _nothing_told(platform: None) -> None:
    reading.read()
    Message.objects.all().delete()


def told(kind: str) -> set[str]:
    """Who got a mail of this kind, nobody twice of one event; everything that happened is read first."""
    reading.read()
    sent = Message.objects.filter(kind=kind)
    assert len(sent) == len({(one.stream, one.seq, one.recipient_email) for one in sent})
    assert all(differences(one) == [] for one in sent[:1])
    return {one.recipient_email.split("@")[0] for one in sent}


def mail(kind: str, name: str) -> Message:
    """The newest mail of this kind to somebody."""
    return Message.objects.filter(kind=kind, recipient_email=f"{name}@hmhp.example").order_by("-pk")[0]


def stopped(reason: str = "Errors in the EU.") -> Any:
    return stopping.stop(environment="production", actor=actor("sue"), reason=reason).stop


def sign_stop(stop: Any, name: str, role: Role, answer: str = "go", remark: str = "") -> None:
    sign(stop.gate_id, actor=actor(name), role=role, answer=answer, remark=remark, seal=stop.gate.seal)


def test_stop_is_told_to_everybody_with_a_role_once_with_what_it_holds() -> None:
    world.deploying()
    stopped("Broke for jane.doe@patients.example.")
    assert told("stop_made") == EVERYBODY
    assert told("signoff_asked") == set()  # the mail that tells of the stop asks too
    text = mail("stop_made", "dana").text
    assert "An emergency stop of production is in force since" in text
    assert "sue stopped production" in text
    assert "Held: 2026.11.0 to production (queued); and every new start." in text
    assert "1 × Release Manager" in text
    assert "jane.doe" not in text
    assert "Your turn" not in text


def test_those_whose_signature_lifts_the_stop_are_told_so() -> None:
    stopped()
    told("stop_made")
    assert "Your turn, Sasha (Security Officer)" in mail("stop_made", "sasha").text
    assert "Your signature is one of those that lift it." in mail("stop_made", "rita").text


def test_signed_stop_is_told_to_those_who_lift_it_and_its_lifting_to_everybody() -> None:
    stop = stopped()
    sign_stop(stop, "rita", Role.RELEASE_MANAGER)
    sign_stop(stop, "sasha", Role.SECURITY_OFFICER)
    assert told("stop_signed") == LIFTERS
    stopping.lift(stop.pk, actor=actor("devon"), reason="The cause is found.")
    assert told("stop_lifted") == EVERYBODY
    assert "The reason given: The cause is found." in mail("stop_lifted", "audrey").text


def test_no_go_to_lifting_is_told_and_the_next_round_asks_the_signers() -> None:
    stop = stopped()
    sign_stop(stop, "sasha", Role.SECURITY_OFFICER, "no_go", "The hole is still open.")
    assert told("stop_stays") == LIFTERS | {"sasha"}
    assert "The hole is still open." in mail("stop_stays", "devon").text
    gates_of_stops.ask_again(stop.pk, actor=actor("devon"))
    assert told("signoff_asked") == {"rita", "sasha"}
    assert mail("signoff_asked", "rita").subject == "Your sign-off: may the stop of production be lifted?"


def test_stop_that_nobody_signs_is_reminded_of_and_ever_more_people_are_told() -> None:
    begun = clock.now()
    sign_stop(stopped(), "rita", Role.RELEASE_MANAGER)
    for hours, everybody in ((1, {"sasha"}), (4, {"sasha", "rita"}), (9, {"sasha", "rita", "adam"})):
        with clock.at(begun + timedelta(hours=hours, minutes=1)):
            sweep()
        assert told("reminder") == everybody
    text = mail("reminder", "sasha").text
    assert "The lifting of the stop of production waits for its Security Officer." in text
    assert "Your go or no-go is one of them." in text
    assert "/emergency/" in text
    end_role(user("sasha"), Role.SECURITY_OFFICER, cast.SETUP)
    sweep()
    assert told("stuck") == {"rita", "adam"}
    assert mail("stuck", "adam").subject == "Nobody can lift the stop of production"


def test_changed_policy_that_nobody_signs_is_reminded_of() -> None:
    load(RULES)
    load(FEWER)
    agree("rita")
    with clock.at(clock.now() + timedelta(days=1)):
        sweep()
    assert told("reminder") == {"sasha"}
    reminder = mail("reminder", "sasha")
    assert reminder.subject == "Still missing: the sign-off of the changed approval policy 2, reminder 1"
    assert "/policy/" in reminder.text


def test_changed_policy_asks_those_who_can_sign_and_its_end_is_told() -> None:
    load(RULES)
    assert told("policy_adopted") == set()  # the first of an installation
    load(FEWER)
    assert told("signoff_asked") == {"rita", "sasha"}
    assert "Change 1: " in mail("signoff_asked", "rita").text
    agree("rita", "sasha")
    assert told("policy_adopted") == {"rita", "quinn", "sasha", "adam"}
    assert told("policy_refused") == set()


def test_refused_policy_is_told_to_those_who_were_asked_and_the_administrators() -> None:
    load(RULES)
    load(FEWER)
    told("signoff_asked")
    seal = waiting().digest
    sign_policy(actor=actor("sasha"), role="security_officer", answer="no_go", remark="It stays.", seal=seal)
    assert told("policy_refused") == {"rita", "sasha", "adam"}
    assert "sasha said no-go as Security Officer: It stays." in mail("policy_refused", "rita").text


def test_policy_that_is_taken_back_is_told_with_the_reason() -> None:
    load(RULES)
    load(FEWER)
    told("signoff_asked")
    withdraw_proposal(actor=actor("adam"), reason="A mistake.")
    assert told("policy_refused") == {"rita", "sasha", "adam"}
    assert mail("policy_refused", "rita").subject == "Taken back: approval policy 2"


def test_policy_that_nobody_can_sign_is_told_to_the_administrators() -> None:
    load(RULES)
    load(FEWER)
    end_role(user("sasha"), Role.SECURITY_OFFICER, cast.SETUP)
    settle_proposal()
    assert told("stuck") == {"rita", "adam"}


def test_reset_of_factors_is_told_to_that_person_alone() -> None:
    app_of("quinn")
    reset_factors(user("quinn"), actor=actor("adam"), reason="Lost the phone.")
    assert told("factors_reset") == {"quinn"}
    assert "adam reset your second factors" in mail("factors_reset", "quinn").text
    assert "Lost the phone." in mail("factors_reset", "quinn").text


def test_person_who_was_erased_meanwhile_is_told_nothing() -> None:
    app_of("quinn")
    reset_factors(user("quinn"), actor=actor("adam"), reason="Lost the phone.")
    erase_person(user("quinn"), actor=actor("adam"), reason="Asked for it.")
    assert told("factors_reset") == set()
    assert not Message.objects.filter(recipient_email__startswith="quinn").exists()


def test_vetoed_review_is_told_to_those_whom_it_asked_and_those_who_decide() -> None:
    release = world.in_review()
    emergency.break_glass(release.version, actor=actor("rita"), reason="Outage.", seal=release.seal)
    gate = Review.objects.get().gate
    sign(gate.pk, actor=actor("quinn"), role="qa_lead", answer="no_go", remark="Untested.", seal=gate.seal)
    assert told("review_vetoed") == {"rita", "quinn", "sasha"}
    assert told("no_go") == set()
    assert "Untested." in mail("review_vetoed", "rita").text


def test_late_entry_asks_for_its_review_and_is_late_in_time() -> None:
    release = world.draft()
    emergency.record_late(release.version, actor=actor("devon"), reason="Down.", at=clock.now())
    assert told("review_asked") == {"rita", "quinn", "sasha", "devon"}
    assert "recorded a late entry about 2026.11.0" in mail("review_asked", "rita").text
    with clock.at(Review.objects.get().due_at):
        remind()
        assert told("review_due") >= {"rita", "quinn", "sasha"}
    assert "is late since" in mail("review_due", "quinn").text


def test_act_past_the_portal_is_told_once_for_all_regions_it_was_seen_in() -> None:
    run = world.monitoring().production_run
    acts = {region: _moved(region) for region in ("us-east", "eu-central")}
    lines = note(run, acts)
    record_all(run, lines)
    assert told("done_offline") == {"rita", "devon"}
    text = mail("done_offline", "devon").text
    assert "us-east: By devon at 2026-11-24 03:10 UTC. Traffic there: 4b1e70c2 100 %." in text
    assert "eu-central: By devon" in text


def _moved(region: str) -> Observation:
    then = datetime(2026, 11, 24, 3, 10, tzinfo=UTC)
    past = {"mark": "offline", "marked_by": "devon", "marked_at": then, "mark_reason": "The portal was down."}
    return Observation(region, then, 3, weights={"4b1e70c2": 100}, **past)  # type: ignore[arg-type]


def test_telling_that_dies_in_the_middle_tells_once(monkeypatch: Any) -> None:
    stop = stopped()
    report = reading.report

    def dies(*told: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(reading, "report", dies)
    assert reading.read() == 0
    assert not Message.objects.exists()
    monkeypatch.setattr(reading, "report", report)
    reading.Mark.objects.filter(stream=stop.stream).update(retry_at=None)
    assert reading.read() == len(EVERYBODY)
    assert reading.read() == 0


def test_stop_goes_out_by_smtp_with_one_message_id_each_and_one_thread(settings: Any) -> None:
    settings.PORTAL_SMTP_HOST, settings.PORTAL_SMTP_PORT = "127.0.0.1", free_port()
    stop, box = stopped(), Postbox()
    reading.read()
    sign_stop(stop, "rita", Role.RELEASE_MANAGER)
    sign_stop(stop, "sasha", Role.SECURITY_OFFICER)
    stopping.lift(stop.pk, actor=actor("rita"), reason="Found.")
    reading.read()
    with listening(box, settings.PORTAL_SMTP_PORT):
        assert sending.deliver() == 2 * len(EVERYBODY) + len(LIFTERS)
        assert sending.deliver() == 0
    assert len({sent["Message-ID"] for sent in box.mails}) == len(box.mails)
    made, lifted = (sent for sent in box.mails if "dana" in sent["To"])
    assert lifted["In-Reply-To"] == made["Message-ID"]
    assert made["X-HMHP-Kind"] == "stop_made"


def test_outbox_shows_what_such_mail_is_about(logged_in: Callable[[str], Client]) -> None:
    stopped()
    app_of("quinn")
    reset_factors(user("quinn"), actor=actor("adam"), reason="Lost.")
    told("stop_made")
    client = logged_in("rita")
    page = client.get(f"/outbox/{mail('factors_reset', 'quinn').pk}/").content.decode()
    assert '<a href="/people/quinn/">@quinn</a>' in page
    assert '<a href="/emergency/">' in client.get(f"/outbox/{mail('stop_made', 'rita').pk}/").content.decode()


def test_logins_by_the_hundred_keep_no_stop_waiting(monkeypatch: Any) -> None:
    monkeypatch.setattr(reading, "STREAMS_A_SWEEP", 1)
    app_of("quinn")
    reset_factors(user("quinn"), actor=actor("adam"), reason="Lost.")
    stopped()
    reading.read()
    assert set(Message.objects.values_list("kind", flat=True)) == {"stop_made"}


def test_drift_of_what_was_taken_over_is_told_to_who_can_act() -> None:
    what = {"run": 1, "environment": "production", "differences": ["us-east runs another digest of web"]}
    record("environment/production", "run.drifted", "system:engine", data=what, reason="It drifted.")
    assert told("drifted") == {"devon"}
    words = mail("drifted", "devon").text
    assert "What runs in production is not what was taken over." in words
    assert "us-east runs another digest of web" in words
    assert "/environments/drift/" in words
