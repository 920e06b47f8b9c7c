"""The one list of which letter tells which kind of news."""

from __future__ import annotations

from collections.abc import Callable

from notifications.letters import asking, deciding, owing, reminding, ruling, running, stopping, warning
from notifications.letters.letter import Letter, Recipient
from notifications.news import News, PortalNews, ReleaseNews
from notifications.states import MailKind

OF_RELEASES: dict[MailKind, Callable[[ReleaseNews, Recipient], Letter]] = {
    MailKind.SIGNOFF_ASKED: asking.signoff_asked,
    MailKind.REMINDER: reminding.reminder,
    MailKind.STUCK: reminding.stuck,
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
    MailKind.DONE_OFFLINE: running.done_offline,
}
OF_REVIEWS: dict[MailKind, Callable[[News, Recipient], Letter]] = {
    MailKind.REVIEW_ASKED: owing.review_asked,
    MailKind.REVIEW_DUE: owing.review_due,
    MailKind.REVIEW_VETOED: owing.review_vetoed,
}
OF_A_STOP: dict[MailKind, Callable[[PortalNews, Recipient], Letter]] = {
    MailKind.SIGNOFF_ASKED: stopping.asked,
    MailKind.REMINDER: stopping.reminder,
    MailKind.STUCK: stopping.stuck,
    MailKind.STOP_MADE: stopping.made,
    MailKind.STOP_SIGNED: stopping.signed,
    MailKind.STOP_STAYS: stopping.stays,
    MailKind.STOP_LIFTED: stopping.lifted,
}
OF_THE_PORTAL: dict[MailKind, Callable[[PortalNews, Recipient], Letter]] = {
    MailKind.SIGNOFF_ASKED: ruling.asked,
    MailKind.REMINDER: ruling.reminder,
    MailKind.STUCK: ruling.stuck,
    MailKind.POLICY_ADOPTED: ruling.adopted,
    MailKind.POLICY_REFUSED: ruling.refused,
    MailKind.FACTORS_RESET: warning.factors_reset,
    MailKind.DRIFTED: warning.drifted,
}


def write(news: News, to: Recipient) -> Letter:
    """The letter that tells this recipient this news."""
    if news.kind in OF_REVIEWS:
        return OF_REVIEWS[news.kind](news, to)
    if isinstance(news, ReleaseNews):
        return OF_RELEASES[news.kind](news, to)
    assert isinstance(news, PortalNews)
    letters = OF_A_STOP if news.event.stream.startswith("stop/") else OF_THE_PORTAL
    return letters[news.kind](news, to)
