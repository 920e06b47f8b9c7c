"""From the outbox to a real mail server: never lost, repeated only where death fell between, and marked."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from aiosmtpd.smtp import Envelope
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from events.models import Event
from notifications import queries, smtp
from notifications.identifiers import message_id, references
from notifications.models import MailServer, Message
from notifications.services import sending
from notifications.states import MailKind, MessageState
from tests.approvals.gates import at_once
from tests.notifications.mail_server import Postbox, free_port, listening, silent

pytestmark = pytest.mark.django_db(transaction=True)
THREAD = "release/2026.11.1"


@pytest.fixture
def port(settings: Any) -> int:
    """Where the portal believes its mail server to be."""
    settings.PORTAL_SMTP_HOST, settings.PORTAL_SMTP_PORT = "127.0.0.1", free_port()
    return int(settings.PORTAL_SMTP_PORT)


@pytest.fixture
def box(port: int) -> Iterator[Postbox]:
    """A mail server that works."""
    postbox = Postbox()
    with listening(postbox, port):
        yield postbox


def message(seq: int = 1, email: str = "quinn@hmhp.example", **fields: Any) -> Message:
    values: dict[str, Any] = {
        "kind": MailKind.GO,
        "stream": THREAD,
        "seq": seq,
        "thread": THREAD,
        "at": timezone.now(),
        "created_at": timezone.now(),
        "subject": "Go: 2026.11.1",
        "text": "Every role has signed.\n.\nA line that begins with a dot came before.\n",
        "html": "<html><body><h1>Go</h1></body></html>",
        "recipient_email": email,
        "recipient_name": "Quinn",
        "message_id": message_id(THREAD, seq, "go", email),
        "references": references(THREAD, email),
    }
    return Message.objects.create(**values | fields)


def state_of(sent: Message) -> MessageState:
    return Message.objects.get(pk=sent.pk).status


def rest_is_over() -> None:
    """The wait after a failure, and the lease of a dead sender, have run out."""
    past = Now() - timedelta(seconds=1)
    MailServer.objects.update(retry_at=past, lease_until=past)
    Message.objects.update(not_before=None)


def test_mail_arrives_whole_in_both_forms(box: Postbox) -> None:
    sent = message()
    assert sending.deliver() == 1
    mail = box.mails[0]
    assert (box.recipients, mail["Message-ID"]) == (["quinn@hmhp.example"], sent.message_id)
    assert mail.get_content_type() == "multipart/alternative"
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == sent.text
    assert state_of(sent) == MessageState.SENT
    assert "X-HMHP-Repeated" not in mail


def test_mails_of_a_release_make_one_thread(box: Postbox) -> None:
    for seq in (1, 2, 3):
        message(seq)
        message(seq, "rita@hmhp.example")
    assert sending.deliver() == 6
    first, second, third = (m for m in box.mails if "quinn" in m["To"])
    assert second["In-Reply-To"] == first["Message-ID"]
    assert third["References"].split()[1:] == [first["Message-ID"], second["Message-ID"]]
    assert first["References"] == first["In-Reply-To"] == third["References"].split()[0]


def test_dead_server_delays_is_shown_and_loses_nothing(port: int) -> None:
    sent = message()
    assert sending.deliver() == 0
    post = queries.post()
    assert post.trouble == "it refuses connections"
    assert queries.sentence(post) == "The mail server takes no mail: 1 message waits."
    assert sending.deliver() == 0  # it rests, and is not asked again at once
    assert MailServer.objects.get().failures == 1
    rest_is_over()
    with listening(Postbox(), port):
        assert sending.deliver() == 1
    assert (state_of(sent), queries.post().trouble) == (MessageState.SENT, "")


def test_waits_grow_while_the_server_stays_dead(port: int) -> None:
    message()
    waits = []
    for _ in range(4):
        sending.deliver()
        waits.append(queries.post().retry_in)
        rest_is_over()
    assert waits == sorted(set(waits))


def test_silent_server_is_left_alone_after_its_time(port: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.2)
    sent = message()
    with silent(port):
        assert sending.deliver() == 0
    assert queries.post().trouble == "it does not answer"
    assert state_of(sent) == MessageState.WAITING


def test_server_that_falls_silent_after_the_text_leaves_a_doubt_and_a_mark(
    port: int, monkeypatch: Any
) -> None:
    monkeypatch.setattr(smtp, "LIMIT_SECONDS", 0.5)
    box, sent = Postbox(), message()
    answers = iter(["", "250 OK"])

    async def handle(server: Any, session: Any, envelope: Envelope) -> str:
        if not next(answers):
            await asyncio.Event().wait()  # ends with the connection
        box.mails.append(envelope.content)  # type: ignore[arg-type]
        return "250 OK"

    monkeypatch.setattr(box, "handle_DATA", handle, raising=False)
    with listening(box, port):
        assert sending.deliver() == 0
        assert state_of(sent) == MessageState.SENDING
        rest_is_over()
        monkeypatch.setattr(smtp, "LIMIT_SECONDS", 10.0)
        assert sending.deliver() == 1
    assert b"X-HMHP-Repeated: yes" in box.mails[-1]  # type: ignore[operator]


def test_refused_recipient_is_shown_and_stops_nobody_else(box: Postbox) -> None:
    box.at_rcpt = lambda envelope: "550 No such person" if "gone" in envelope.rcpt_tos[-1] else "250 OK"
    gone, other = message(1, "gone@hmhp.example"), message(2)
    assert sending.deliver() == 1
    assert (state_of(gone), state_of(other)) == (MessageState.FAILED, MessageState.SENT)
    assert Message.objects.get(pk=gone.pk).last_error == "550 No such person"


def test_message_that_the_server_puts_off_comes_later_without_a_mark(box: Postbox) -> None:
    box.at_data = lambda envelope: "451 Come back later"
    sent = message()
    assert sending.deliver() == 0
    assert state_of(sent) == MessageState.WAITING
    box.at_data = lambda envelope: "250 OK"
    rest_is_over()
    assert sending.deliver() == 1
    assert "X-HMHP-Repeated" not in box.mails[0]


def test_what_came_of_it_is_recorded_once_nobody_waits(box: Postbox) -> None:
    box.at_rcpt = lambda envelope: "550 No" if "gone" in envelope.rcpt_tos[-1] else "250 OK"
    for name in ("gone", "quinn", "rita"):
        message(1, f"{name}@hmhp.example")
    sending.deliver()
    told = Event.objects.get(stream=THREAD, kind="message.sent")
    assert told.data == {"mail": "go", "about": 1, "recipients": {"failed": 1, "sent": 2}}


def test_address_that_no_mail_can_go_to_stops_nobody_else(box: Postbox) -> None:
    bad, other = message(1, "gröschl@hmhp.example"), message(2)
    assert sending.deliver() == 1
    assert (state_of(bad), state_of(other)) == (MessageState.FAILED, MessageState.SENT)


def test_sender_is_one_however_many_try(box: Postbox) -> None:
    for seq in range(6):
        message(seq)
    assert sum(at_once(*[sending.deliver] * 4)) == 6
    assert len({mail["Message-ID"] for mail in box.mails}) == len(box.mails) == 6


def sender_process(port: int) -> subprocess.Popen[bytes]:
    """A process of its own that delivers, on the database of this test."""
    url = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}"))
    code = "import django; django.setup(); from notifications.services.sending import deliver; deliver()"
    where = {"DATABASE_URL": database, "PORTAL_SMTP_HOST": "127.0.0.1", "PORTAL_SMTP_PORT": str(port)}
    environment = os.environ | where | {"DJANGO_SETTINGS_MODULE": "hmhp_portal.settings"}
    return subprocess.Popen([sys.executable, "-c", code], env=environment)


def test_sender_killed_between_answer_and_record_repeats_once_marked(port: int) -> None:
    box, sent = Postbox(), message()
    killed: list[int] = []

    def kill(envelope: Envelope) -> str:
        if not killed:
            killed.append(child.pid)
            os.kill(child.pid, signal.SIGKILL)
        return "250 OK"

    box.at_data = kill
    with listening(box, port):
        child = sender_process(port)
        assert child.wait(60) == -signal.SIGKILL
        assert state_of(sent) == MessageState.SENDING
        assert sending.deliver() == 0  # the dead sender's lease still holds
        rest_is_over()
        assert sending.deliver() == 1
        assert sending.deliver() == 0
    first, again = box.mails
    assert first["Message-ID"] == again["Message-ID"] == sent.message_id
    assert (first["X-HMHP-Repeated"], again["X-HMHP-Repeated"]) == (None, "yes")
    text = again.get_body(("plain",))
    assert text is not None
    assert "may have reached you before" in text.get_content()


def test_sender_killed_before_the_text_repeats_nothing(port: int) -> None:
    box, sent = Postbox(), message()
    killed: list[int] = []

    def kill(envelope: Envelope) -> str:
        if not killed:
            killed.append(child.pid)
            os.kill(child.pid, signal.SIGKILL)
        return "250 OK"

    box.at_rcpt = kill
    with listening(box, port):
        child = sender_process(port)
        assert child.wait(60) == -signal.SIGKILL
        assert state_of(sent) == MessageState.WAITING
        rest_is_over()
        assert sending.deliver() == 1
    assert [mail["X-HMHP-Repeated"] for mail in box.mails] == [None]


def test_sender_that_slept_through_its_lease_sends_nothing(box: Postbox, monkeypatch: Any) -> None:
    sent = message()
    claim = sending._claim

    def overtaken(message_id: int, fence: int) -> Message | None:
        MailServer.objects.update(fence=fence + 1)
        return claim(message_id, fence)

    monkeypatch.setattr(sending, "_claim", overtaken)
    assert sending.deliver() == 0
    assert (box.mails, state_of(sent)) == ([], MessageState.WAITING)
