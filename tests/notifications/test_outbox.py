"""The outbox pages: who may read them, what they say, and sending again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app
from django.test import Client

from events.models import Event
from notifications.models import MailServer, Message
from notifications.services import reading
from notifications.states import MessageState
from tests.notifications.news import ask, release, signers

pytestmark = pytest.mark.django_db
LoggedIn = Callable[[str], Client]


@pytest.fixture
def asked() -> Message:
    """The first of three messages that ask for a signature."""
    signers()
    ask(release())
    reading.read()
    return Message.objects.order_by("pk")[0]


@pytest.fixture
def refused(settings: Any, asked: Message) -> Message:
    """A message that the mail server refused."""
    settings.PORTAL_SMTP_HOST = "mail.example"
    reading.read()
    Message.objects.filter(pk=asked.pk).update(state=MessageState.FAILED, last_error="550 No such person")
    return Message.objects.get(pk=asked.pk)


def test_outbox_says_what_is_there_and_finds_it(logged_in: LoggedIn, asked: Message) -> None:
    page = logged_in("rita").get("/outbox/").content.decode()
    assert "No mail server is set: 3 messages can be read here, none is sent." in page
    found = logged_in("rita").get("/outbox/?q=quinn").content.decode()
    assert found.count("<tr>") == 2
    assert "Nothing fits" in logged_in("rita").get("/outbox/?state=sent").content.decode()


def test_message_is_read_as_text_html_and_file(logged_in: LoggedIn, asked: Message) -> None:
    client = logged_in("audrey")
    assert asked.subject in client.get(f"/outbox/{asked.pk}/").content.decode()
    preview = client.get(f"/outbox/{asked.pk}/html/")
    assert b"notifications/mail.css" in preview.content
    assert b"style=" not in preview.content.replace(b'rel="stylesheet"', b"")
    assert "unsafe" not in preview["Content-Security-Policy"]
    saved = client.get(f"/outbox/{asked.pk}/message.eml")
    assert (saved["Content-Type"], saved.content[:5]) == ("message/rfc822", b"From:")


@pytest.mark.parametrize("path", ["", "{pk}/", "{pk}/html/", "{pk}/message.eml", "{pk}/again/"])
def test_developer_reads_no_mail_of_others(logged_in: LoggedIn, asked: Message, path: str) -> None:
    assert logged_in("dana").get(f"/outbox/{path.format(pk=asked.pk)}").status_code == 403


def test_unknown_message_and_strange_input_are_no_errors_of_the_server(logged_in: LoggedIn) -> None:
    client = logged_in("rita")
    assert client.get("/outbox/999999/").status_code == 404
    assert client.get("/outbox/?state=x&page=zz&q=%00%27").status_code == 200


def test_trouble_of_the_server_heads_the_page(logged_in: LoggedIn, refused: Message) -> None:
    MailServer.objects.create(last_error="it does not answer", failing_since=refused.at, failures=3)
    page = logged_in("devon").get("/outbox/").content.decode()
    assert "mail.example:25 cannot be used: it does not answer." in page
    assert "550 No such person" in page


def test_refused_message_is_sent_again_on_request(logged_in: LoggedIn, refused: Message) -> None:
    client = logged_in("rita")
    assert "Send it again" in client.get(f"/outbox/{refused.pk}/").content.decode()
    assert client.post(f"/outbox/{refused.pk}/again/").status_code == 302
    assert Message.objects.get(pk=refused.pk).status == MessageState.WAITING
    assert Event.objects.filter(kind="message.sent_again").count() == 1
    assert client.post(f"/outbox/{refused.pk}/again/").status_code == 409


def test_auditor_reads_but_does_not_send(logged_in: LoggedIn, refused: Message) -> None:
    client = logged_in("audrey")
    assert "a Release Manager" in client.get(f"/outbox/{refused.pk}/").content.decode()
    assert client.post(f"/outbox/{refused.pk}/again/").status_code == 403


def test_sweep_never_waits_on_the_queue_that_steers_runs() -> None:
    route = current_app.amqp.router.route({}, "notifications.tasks.sweep")
    assert route["queue"].name == "mail"
