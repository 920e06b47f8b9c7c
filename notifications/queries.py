"""Reading the outbox: messages, and what keeps mail from going out. Called by the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now
from django.urls import reverse

from accounts.queries import stream_names
from notifications.models import MailServer, Mark, Message
from notifications.states import MessageState

S = MessageState


@dataclass(frozen=True, slots=True)
class Post:
    """How the post does as a whole. `trouble` and `since` are empty while the server takes mail."""

    configured: bool
    server: str
    counts: dict[str, int]
    trouble: str
    since: datetime | None
    retry_in: int
    untold: tuple[tuple[str, str], ...]

    @property
    def waiting(self) -> int:
        """Messages that are still to go out."""
        return self.counts[S.WAITING] + self.counts[S.SENDING]


def post() -> Post:
    """The state of the outbox, in three queries."""
    counts = dict(Message.objects.order_by().values_list("state").annotate(Count("id")))
    server = MailServer.objects.annotate(database_now=Now()).first()
    retry_in = 0
    if server is not None and server.retry_at is not None:
        retry_in = max(0, round((server.retry_at - server.database_now).total_seconds()))
    untold = Mark.objects.filter(failures__gt=0).order_by("stream").values_list("stream", "last_error")
    return Post(
        configured=bool(settings.PORTAL_SMTP_HOST),
        server=f"{settings.PORTAL_SMTP_HOST}:{settings.PORTAL_SMTP_PORT}",
        counts={state: counts.get(state, 0) for state in S.values},
        trouble=server.last_error if server else "",
        since=server.failing_since if server else None,
        retry_in=retry_in,
        untold=tuple(untold[:20]),
    )


def sentence(state: Post) -> str:
    """The one true sentence about the post, for the head of the page."""
    if not state.configured:
        return f"No mail server is set: {_messages(state.counts[S.KEPT])} can be read here, none is sent."
    if state.trouble:
        wait = "waits" if state.waiting == 1 else "wait"
        return f"The mail server takes no mail: {_messages(state.waiting)} {wait}."
    if state.counts[S.FAILED]:
        return f"The mail server refused {_messages(state.counts[S.FAILED])} for good."
    if state.waiting:
        return f"{_messages(state.waiting).capitalize()} on the way to the mail server."
    if state.counts[S.SENT]:
        return f"All mail has gone out: {_messages(state.counts[S.SENT])} sent."
    return "Nobody has been written to yet."


PAGES = {"stop/": "emergency:here", "late-entry/": "emergency:here", "policy/": "desk:policy"}


def about(message: Message) -> tuple[str, str]:
    """What the event of this message is about, in words, and the address of its page ("": none)."""
    room, _, name = stream_names([message.stream])[message.stream].partition("/")
    if room == "release":
        return f"release {name}", reverse("releases:detail", args=[name])
    if room == "people" and name:
        return f"@{name}", reverse("accounts:person", args=[name])
    page = next((page for prefix, page in PAGES.items() if message.stream.startswith(prefix)), "")
    return message.stream, reverse(page) if page else ""


def _messages(number: int) -> str:
    return "1 message" if number == 1 else f"{number} messages"


def outbox(*, state: str = "", words: str = "") -> QuerySet[Message]:
    """Messages, newest news first; `words` are looked for in recipient, subject and release."""
    found = Message.objects.defer("text", "html", "references")
    if state in S.values:
        found = found.filter(state=state)
    if words:
        found = found.filter(
            Q(recipient_email__icontains=words)
            | Q(recipient_name__icontains=words)
            | Q(subject__icontains=words)
            | Q(thread__icontains=words)
        )
    return found.order_by("-at", "-id")
