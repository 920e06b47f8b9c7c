"""Message-IDs and threads (RFC 5322 §3.6.4): fixed per event and recipient, one thread per release.

Keyed with the installation's secret, so that two portals on one machine never make the same.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.utils.crypto import salted_hmac

from notifications.models import Message

LONGEST_THREAD = 10
"""References kept beside the root of a thread; mail programs need no more to join it."""


def message_id(stream: str, seq: int, kind: str, email: str) -> str:
    """The same for the same event, kind and recipient, today and after any restart."""
    return _id(f"{stream}\n{seq}\n{kind}\n{email.lower()}")


def references(thread: str, email: str) -> str:
    """The root of the release's thread and what this recipient got in it before, oldest first."""
    earlier = Message.objects.filter(thread=thread, recipient_email__iexact=email).order_by("-id")
    ids = list(earlier.values_list("message_id", flat=True)[:LONGEST_THREAD])
    return " ".join([_id(f"thread\n{thread}"), *reversed(ids)])


def _id(text: str) -> str:
    digest = salted_hmac("notifications.message-id", text, algorithm="sha256").hexdigest()
    return f"<{digest[:40]}@{urlsplit(settings.PORTAL_BASE_URL).hostname or 'localhost'}>"
