"""The one list of which letter tells which kind of news."""

from __future__ import annotations

from collections.abc import Callable

from notifications.letters import asking, deciding, owing, reminding, running
from notifications.letters.letter import Letter, Recipient
from notifications.news import News
from notifications.states import MailKind

WRITERS: dict[MailKind, Callable[[News, Recipient], Letter]] = {
    MailKind.SIGNOFF_ASKED: asking.signoff_asked,
    MailKind.REMINDER: reminding.reminder,
    MailKind.STUCK: reminding.stuck,
    MailKind.REVIEW_ASKED: owing.review_asked,
    MailKind.REVIEW_DUE: owing.review_due,
    MailKind.SIGNATURES_VOID: asking.signatures_void,
    MailKind.GO: deciding.go,
    MailKind.GO_ENDED: deciding.go_ended,
    MailKind.NO_GO: deciding.no_go,
    MailKind.POSTPONED: deciding.postponed,
    MailKind.WINDOW_MOVED: deciding.window_moved,
    MailKind.CANCELLED: deciding.cancelled,
    MailKind.STARTED: running.started,
    MailKind.STOPPED: running.stopped,
    MailKind.HELD: running.held,
    MailKind.FINISHED: running.finished,
    MailKind.ROLLED_BACK: running.rolled_back,
    MailKind.REPLACED: running.replaced,
    MailKind.COMPLETED: running.completed,
    MailKind.DRIFTED: running.drifted,
}


def write(news: News, to: Recipient) -> Letter:
    """The letter that tells this recipient this news."""
    return WRITERS[news.kind](news, to)
