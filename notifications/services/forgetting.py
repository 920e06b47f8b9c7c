"""Take an erased person out of the messages that were written (GDPR 17); that they were told stays.

Called by erasing, in its transaction, before the names go. The record names whom it told by opaque ids, so
nothing that it says is lost.
"""

from __future__ import annotations

import re
from html import escape

from django.db.models import Q

from accounts.models import User
from accounts.pseudonyms import ERASED
from notifications.models import Message
from notifications.states import MessageState

TEXTS = ("subject", "text", "html", "recipient_name", "last_error", "kept_reason")


def forget(person: User) -> int:
    """Name, login and address go from every message; one that still waits for them is sent nowhere."""
    names = {name for name in (person.username, person.display_name, person.email) if len(name) > 1}
    names |= {escape(name) for name in names}
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w./-])(?:{words})(?![\w-]|[.@]\w)", re.IGNORECASE)
    addressed = Q(recipient_actor=person.actor_id)
    if person.email:
        addressed |= Q(recipient_email__iexact=person.email)
    theirs = set(Message.objects.filter(addressed).values_list("pk", flat=True))
    named = Q(pk__in=theirs)
    for name in names:
        named |= Q(subject__icontains=name) | Q(text__icontains=name) | Q(html__icontains=name)
    found = Message.objects.filter(named).select_for_update().order_by("pk")
    for message in found.iterator(200):
        for field in TEXTS:
            setattr(message, field, pattern.sub(ERASED, getattr(message, field)))
        message.subject = message.subject[:250]
        if message.pk in theirs:
            _unaddress(message, person)
        message.save()
    return found.count()


def _unaddress(message: Message, person: User) -> None:
    message.recipient_email = f"{person.public_id.hex}@erased.invalid"
    message.recipient_name = ""
    if message.status == MessageState.WAITING:
        message.keep()
        message.kept_reason = "Whom it was for has been erased."
