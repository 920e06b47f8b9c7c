"""A stored message as bytes for the mail server (RFC 5322, multipart/alternative)."""

from __future__ import annotations

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from django.conf import settings

from notifications.facts import one_line
from notifications.models import Message
from notifications.styles import inlined

REPEATED = (
    "This mail may have reached you before: the portal stopped after handing it over and before noting so."
)
_POLICY = SMTP.clone(max_line_length=78)


def sender() -> Address:
    """Who the mails are from (PORTAL_SMTP_FROM)."""
    name, address = parseaddr(settings.PORTAL_SMTP_FROM)
    return Address(one_line(name), addr_spec=address)


class Unsendable(Exception):
    """No mail can go to this address; the sentence says why."""


def recipient(message: Message) -> Address:
    """Who the mail is to. Raises Unsendable for an address that no mail can go to."""
    local, _, domain = message.recipient_email.rpartition("@")
    if not local.isascii():
        raise Unsendable(f"{message.recipient_email} needs SMTPUTF8, which the portal does not speak.")
    try:
        address = f"{local}@{domain.encode('idna').decode()}"
        return Address(one_line(message.recipient_name), addr_spec=address)
    except (ValueError, MessageError) as error:
        raise Unsendable(f"{message.recipient_email} is no address that mail can go to.") from error


def built(message: Message) -> EmailMessage:
    """The mail with its headers. Raises Unsendable."""
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = sender()
    mail["To"] = recipient(message)
    mail["Subject"] = one_line(message.subject)
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = message.message_id
    earlier = message.references.split()
    if earlier:
        mail["In-Reply-To"] = earlier[-1]
        mail["References"] = " ".join(earlier)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-HMHP-Kind"] = message.kind
    if message.repeated:
        mail["X-HMHP-Repeated"] = "yes"
    mail.set_content(_marked_text(message))
    mail.add_alternative(_marked_html(message), subtype="html")
    return mail


def payload(message: Message) -> bytes:
    """The bytes that go out after DATA."""
    return built(message).as_bytes(policy=_POLICY)


def _marked_text(message: Message) -> str:
    return f"{REPEATED}\n\n{message.text}" if message.repeated else message.text


def _marked_html(message: Message) -> str:
    if not message.repeated:
        return message.html
    note = inlined(f'<p class="lead">{REPEATED}</p>')
    return message.html.replace("</h1>", f"</h1>{note}", 1)
