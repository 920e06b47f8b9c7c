"""What mails say: the same in both forms, in the reader's zone, safe whatever people typed."""

from __future__ import annotations

import html
import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from notifications import mime, styles
from notifications.models import Message
from notifications.services import reading
from notifications.states import MailKind
from releases.models import Release
from tests.cast import user
from tests.notifications.news import ask, happens, release, signers, stakeholder

pytestmark = pytest.mark.django_db

EVENTS: dict[MailKind, tuple[str, dict[str, Any]]] = {
    MailKind.GO: ("decision.made", {"after": {"answer": "go"}}),
    MailKind.NO_GO: ("gate.rejected", {"reason": "sasha said no-go as Security Officer: an open port."}),
    MailKind.POSTPONED: ("release.postponed", {"reason": "Storm."}),
    MailKind.WINDOW_MOVED: ("window.moved", {"reason": "Later."}),
    MailKind.CANCELLED: ("release.cancelled", {"reason": "Not needed."}),
    MailKind.GO_ENDED: ("release.replanned", {"before": {"state": "approved"}}),
    MailKind.STARTED: ("announce.wanted", {"data": {"what": "started"}}),
    MailKind.HELD: ("run.held", {"reason": "Too few requests for a verdict."}),
    MailKind.STOPPED: ("release.returned_to_review", {"before": {"state": "deploying"}}),
    MailKind.FINISHED: ("release.monitoring", {}),
    MailKind.ROLLED_BACK: ("release.rolled_back", {"reason": "Errors over 1 %."}),
    MailKind.REPLACED: ("release.superseded", {}),
    MailKind.REVIEW_ASKED: ("gate.opened", {"data": {"kind": "review"}}),
    MailKind.REVIEW_DUE: ("review.late", {"after": {"level": 3, "late": True}, "data": {"kind": "review"}}),
    MailKind.REVIEW_VETOED: ("gate.rejected", {"reason": "Untested.", "data": {"kind": "review"}}),
    MailKind.DONE_OFFLINE: ("run.sent_back_offline", {"data": {"region": "us-east", "by": "devon"}}),
    MailKind.COMPLETED: ("release.completed", {}),
    MailKind.REMINDER: (
        "signoff.reminder",
        {"after": {"reminder": 2, "level": 3, "waiting": [{"role": "qa_lead", "who_can": ["quinn"]}]}},
    ),
    MailKind.STUCK: ("gate.unsatisfiable", {"reason": "It asks 1 × QA Lead, and nobody may give it."}),
    MailKind.DRIFTED: ("run.drifted", {"reason": "us-east runs another digest of web."}),
    MailKind.SIGNATURES_VOID: ("signatures.voided", {"reason": "Rebuilt.", "before": {"signers": [1]}}),
}


OF_NO_RELEASE = {
    MailKind.AUDIT_HEAD,
    MailKind.STOP_MADE,
    MailKind.STOP_SIGNED,
    MailKind.STOP_STAYS,
    MailKind.STOP_LIFTED,
    MailKind.POLICY_ADOPTED,
    MailKind.POLICY_REFUSED,
    MailKind.FACTORS_RESET,
}
"""`test_tell_the_portal.py` and `tests/events/test_heads_leave.py` read those."""


def mail_about(kind: MailKind, plan: Release | None = None) -> Message:
    """The mail of this kind to a stakeholder (or to who was asked)."""
    plan = plan or release()
    signers()
    user("devon")
    ask(plan)
    if kind != MailKind.SIGNOFF_ASKED:
        event, details = EVENTS[kind]
        happens(plan, event, **details)
    reading.read()
    return Message.objects.filter(kind=kind).order_by("-pk")[0]


def parsed(message: Message) -> EmailMessage:
    """The mail as a mail program reads it."""
    mail = message_from_bytes(mime.payload(message), _class=EmailMessage, policy=default)
    assert not mail.defects
    return mail


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def sentences_of_html(markup: str) -> list[str]:
    body = re.sub(r"<style>.*?</style>|<title>.*?</title>", "", markup, flags=re.DOTALL)
    texts = [words(html.unescape(t)).strip() for t in re.sub(r"<[^>]+>", "\n", body).split("\n")]
    return [text for text in texts if len(text) > 12]


def differences(message: Message) -> list[str]:
    """Sentences of the HTML that the text does not say."""
    text = words(message.text)
    return [s for s in sentences_of_html(message.html) if s not in text and s != "Release Portal"]


@pytest.mark.parametrize("kind", [k for k in MailKind if k not in OF_NO_RELEASE])
def test_every_kind_says_the_same_in_both_forms(kind: MailKind) -> None:
    stakeholder()
    message = mail_about(kind)
    assert differences(message) == []
    assert "2026.11.1" in message.subject
    assert parsed(message)["Subject"] == message.subject


def test_window_is_told_in_utc_and_in_the_readers_own_zone() -> None:
    stakeholder(zone="Asia/Tokyo")
    message = mail_about(MailKind.GO)
    assert message.recipient_email == "ines@clinic.example"
    assert "Wed 18 Nov 2026, 09:00 to 10:30 UTC. That is 18:00 to 19:30 in Asia/Tokyo." in message.text
    assert "It opens at 04:00 in us-east, 10:00 in eu-central." in message.text


def test_asked_signer_reads_role_seal_facts_and_where_to_sign(settings: Any) -> None:
    message = mail_about(MailKind.SIGNOFF_ASKED)
    assert message.subject == "Your sign-off: 2026.11.1, answer by 09:00 UTC on Wed 18 Nov"
    assert "(Security Officer)" in message.text
    assert "c5b3 4d6b … 1753" in message.text
    assert f"{settings.PORTAL_BASE_URL}/releases/2026.11.1/go/" in message.text
    assert re.search(r"\d+ in the way: ", message.text)


def test_text_of_people_cannot_add_headers_or_markup() -> None:
    signer = user("quinn")
    signer.display_name = "Quinn\r\nBcc: evil@example.org"
    signer.save()
    plan = release(title="<script>alert(1)</script>\r\nBcc: evil@example.org")
    message = mail_about(MailKind.SIGNOFF_ASKED, plan)
    for row in Message.objects.all():
        mail = parsed(row)
        assert mail["Bcc"] is None
        assert "<script>" not in row.html
    assert "alert(1)" in message.text


def test_long_and_foreign_names_stay_readable() -> None:
    somebody = stakeholder("Žofie Ñandú " * 9)
    message = mail_about(MailKind.STARTED, release(title="改善 " * 60))
    # The standard library writes long names rightly; of its two readers the older reads them rightly.
    read = str(make_header(decode_header(message_from_bytes(mime.payload(message))["To"])))
    assert read == f"{somebody.name.strip()} <ines@clinic.example>"
    assert max(len(line) for line in mime.payload(message).split(b"\r\n")) <= 998


def test_long_subject_is_cut_to_what_a_header_holds() -> None:
    message = Message(subject="x" * 900, created_at=release().created_at, recipient_email="a@b.example")
    message.subject = message.subject[:250]
    assert parsed(message)["Subject"] == "x" * 250


def test_reason_is_masked_and_cut() -> None:
    stakeholder()
    plan = release()
    ask(plan)
    happens(plan, "release.rolled_back", reason="Broke for jane.doe@patients.example. " + "long " * 400)
    reading.read()
    text = Message.objects.filter(kind=MailKind.ROLLED_BACK)[0].text
    assert "jane.doe" not in text
    assert "…" in text
    assert len(text) < 3000


def test_preview_of_the_outbox_carries_no_inline_style() -> None:
    message = mail_about(MailKind.SIGNOFF_ASKED)
    assert 'style="' in message.html
    bare = styles.without_styles(message.html)
    assert "style=" not in bare
    assert "<style" not in bare
    assert 'class="h1"' in bare


def test_page_of_mail_names_every_kind() -> None:
    page = (Path(__file__).parents[2] / "docs" / "mail.md").read_text()
    assert set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) == set(MailKind.values)
