"""From events to messages: who is told, once, and that one stream's trouble is its own."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from accounts.roles import Role
from accounts.services.roles import end_role
from approvals.services.deciding import decide
from approvals.services.gates import void
from approvals.services.signing import sign, withdraw
from notifications import queries
from notifications.letters.letter import Letter, Recipient
from notifications.models import Mark, Message
from notifications.news import News
from notifications.services import reading
from notifications.states import MessageState
from tests.approvals.gates import at_once
from tests.cast import SETUP, actor, user
from tests.notifications.news import END, SEAL, START, ask, happens, release, signers, stakeholder, told

ROLES = {"rita": Role.RELEASE_MANAGER, "quinn": Role.QA_LEAD, "sasha": Role.SECURITY_OFFICER}


def sign_all(gate_id: int) -> None:
    for name, role in ROLES.items():
        sign(gate_id, actor=actor(name), role=role, answer="go", remark="", seal=SEAL)


@pytest.fixture
def smtp(settings: Any) -> None:
    settings.PORTAL_SMTP_HOST = "mail.example"


@pytest.mark.django_db
class TestRead:
    """Reading in one process."""

    def test_everybody_who_can_sign_is_asked_and_nobody_else(self, smtp: None) -> None:
        signers()
        user("devon")
        ask(release(), barred={user("sasha").actor_id: "Sasha wrote part of it."})
        assert reading.read() == 2
        assert told("signoff_asked") == ["quinn", "rita"]
        assert set(Message.objects.values_list("state", flat=True)) == {MessageState.WAITING}

    def test_an_event_is_told_once_however_often_it_is_read(self) -> None:
        signers()
        ask(release())
        assert reading.read() == 3
        assert reading.read() == 0
        Mark.objects.update(seq=0)
        with pytest.raises(IntegrityError):
            reading._read_stream("release/2026.11.1", "kept")

    def test_whoever_was_told_of_the_plan_is_told_of_its_change(self) -> None:
        signers()
        stakeholder()
        plan = release()
        gate = ask(plan)
        sign_all(gate.pk)
        decide(gate.pk, actor=actor("rita"), answer="go", reason="", seal=SEAL, window=(START, END))
        reading.read()
        assert told("go") == ["ines", "quinn", "rita", "sasha"]
        end_role(user("quinn"), Role.QA_LEAD, SETUP)
        happens(plan, "release.postponed", reason="Storm in us-east.")
        reading.read()
        assert told("postponed") == ["ines", "quinn", "rita", "sasha"]

    def test_person_whose_account_ended_is_told_nothing_more(self) -> None:
        signers()
        plan = release()
        ask(plan)
        reading.read()
        leaver = user("quinn")
        leaver.is_active = False
        leaver.save()
        happens(plan, "release.postponed", reason="Storm.")
        reading.read()
        assert told("postponed") == ["rita", "sasha"]

    def test_draft_that_nobody_heard_of_is_cancelled_in_silence(self) -> None:
        signers()
        stakeholder()
        happens(release(state="draft"), "release.cancelled", reason="Not needed.")
        assert reading.read() == 0

    def test_void_signatures_are_told_to_those_who_signed_or_were_asked(self) -> None:
        signers()
        stakeholder()
        plan = release()
        gate = ask(plan)
        reading.read()
        sign(gate.pk, actor=actor("quinn"), role=Role.QA_LEAD, answer="go", remark="", seal=SEAL)
        void(gate.pk, reason="patient-web was rebuilt.", actor=actor("dana"))
        reading.read()
        assert told("signatures_void") == ["quinn", "rita", "sasha"]
        assert "patient-web was rebuilt." in Message.objects.filter(kind="signatures_void")[0].text

    def test_withdrawn_signature_asks_those_who_can_give_it(self) -> None:
        signers()
        plan = release()
        gate = ask(plan)
        sign_all(gate.pk)
        reading.read()
        quinns = gate.signoffs.get(role=Role.QA_LEAD)
        withdraw(quinns.pk, actor=actor("quinn"), reason="I saw a fault.")
        reading.read()
        assert told("signoff_asked") == ["quinn"]

    def test_window_set_by_a_postponement_is_told_once(self) -> None:
        signers()
        plan = release()
        ask(plan)
        reading.read()
        happens(plan, "release.postponed", reason="Storm.")
        happens(plan, "window.set", before={"start": None}, after={"start": START.isoformat()})
        reading.read()
        assert told("postponed") == ["quinn", "rita", "sasha"]
        assert told("window_moved") == []

    def test_trouble_with_one_stream_leaves_the_others_and_is_shown(self, monkeypatch: Any) -> None:
        signers()
        ask(release("2026.11.1"))
        ask(release("2026.11.2"))
        write = reading.write

        def broken(news: News, to: Recipient) -> Letter:
            if news.release.version == "2026.11.1":
                raise ZeroDivisionError
            return write(news, to)

        monkeypatch.setattr(reading, "write", broken)
        assert reading.read() == 3
        assert queries.post().untold[0][0] == "release/2026.11.1"
        monkeypatch.setattr(reading, "write", write)
        Mark.objects.update(retry_at=None)
        assert reading.read() == 3
        assert queries.post().untold == ()

    def test_without_a_mail_server_mail_is_kept_and_says_so(self) -> None:
        signers()
        ask(release())
        reading.read()
        message = Message.objects.first()
        assert message is not None
        assert (message.status, message.kept_reason) == (MessageState.KEPT, reading.NO_SERVER)

    def test_past_that_is_written_afterwards_is_never_sent(self, smtp: None) -> None:
        signers()
        ask(release())
        reading.read(deliver=False)
        assert not Message.objects.exclude(state=MessageState.KEPT).exists()


@pytest.mark.django_db(transaction=True)
def test_readers_at_the_same_instant_tell_once() -> None:
    signers()
    for number in range(4):
        ask(release(f"2026.12.{number}"))
    made = at_once(*[reading.read] * 4)
    while reading.read():  # a reader that found a stream taken leaves it to the next sweep
        pass
    assert sum(made) <= 12
    assert Message.objects.count() == 12
