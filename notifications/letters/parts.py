"""The parts that letters share: the rows about a release, the closing, and the frame around both."""

from __future__ import annotations

from typing import Any

from notifications.letters.letter import Letter, Recipient
from notifications.letters.times import by_regions, full, window_words
from notifications.news import News, PortalNews, ReleaseNews
from notifications.states import MailKind

NO_REPLY = "Nothing can be done from this mail itself, and a reply does nothing."

BEFORE_ITS_END = frozenset(
    {
        MailKind.SIGNOFF_ASKED,
        MailKind.REMINDER,
        MailKind.STUCK,
        MailKind.GO,
        MailKind.POSTPONED,
        MailKind.WINDOW_MOVED,
        MailKind.STARTED,
        MailKind.HELD,
    }
)
"""What is told while the window still means something."""


def letter(news: News, to: Recipient, subject: str, *lead: str, **parts: Any) -> Letter:
    """A letter with everything that all of them have; `parts` replace the usual ones."""
    usual: dict[str, Any] = {
        "room": news.kind.label,
        "kicker": f"For {to.name}",
        "rows": rows(news, to),
        "button": "Open the release" if isinstance(news, ReleaseNews) else "Open the page",
        "link": news.page,
        "notes": (NO_REPLY,),
        "footer": f"Sent because {to.because}. It tells of what happened on {full(news.event.at)}.",
    }
    return Letter(subject=subject, lead=tuple(text for text in lead if text), **(usual | parts))


def rows(news: News, to: Recipient) -> tuple[tuple[str, str], ...]:
    """Release, window and changes, as far as they are known; of what has no release, its own facts."""
    if isinstance(news, PortalNews):
        return news.facts.rows
    assert isinstance(news, ReleaseNews)
    facts = news.facts
    about = f"{facts.version}, {facts.kind} release" + (f": {facts.title}" if facts.title else "")
    found = [("Release", about)]
    if facts.window and news.kind in BEFORE_ITS_END:
        found.append(("Window", window_words(facts.window, to.zone)))
        if facts.regions:
            there = by_regions(facts.window[0], facts.regions)
            found.append(("Regions", f"It opens at {there}."))
    found.append(("Changes", facts.changes))
    return tuple(found)


def because(news: News) -> str:
    """The reason as a sentence of its own, or nothing."""
    return f"The reason given: {news.reason}" if news.reason else ""


def seal_words(seal: str) -> str:
    """The seal as people compare it: its first eight and last four digits."""
    return f"{seal[:4]} {seal[4:8]} … {seal[-4:]}"
