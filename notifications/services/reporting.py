"""What came of telling one event, back on the record: to how many it was sent. Called by its siblings."""

from __future__ import annotations

from django.db.models import Count

from accounts import actors
from events.services import record
from notifications.models import Message
from notifications.states import MessageState

POST = actors.system("post")
ON_THE_WAY = frozenset({MessageState.WAITING, MessageState.SENDING})


def report(stream: str, seq: int, kind: str) -> None:
    """Record `message.sent` once nobody of this news is still to be written to. Needs a transaction."""
    about = Message.objects.filter(stream=stream, seq=seq, kind=kind).order_by()
    counts = dict(about.values_list("state").annotate(Count("id")))
    if not counts or ON_THE_WAY & counts.keys():
        return
    record(stream, "message.sent", POST.id, data={"mail": kind, "about": seq, "recipients": counts})
