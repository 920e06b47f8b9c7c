"""Letters about reviews that are owed: asked for, due soon, late, vetoed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from notifications.letters.letter import Letter, Recipient
from notifications.letters.parts import because, letter
from notifications.news import News, PortalNews

SIGN_THERE = "The link opens the portal, and reviews are signed there. Nothing can be signed from this mail."


def review_asked(news: News, to: Recipient) -> Letter:
    """It may run with fewer signatures, or was done past the portal: what was passed over is owed."""
    about = news.subject
    told = f"{about} may run with fewer signatures than usual, by {news.who}."
    if isinstance(news, PortalNews):
        told = f"{news.who} recorded {about}: it was done without the portal, and is reviewed afterwards."
    return letter(
        news,
        to,
        f"Review owed: {about}",
        told,
        because(news),
        f"Whoever was passed over reviews it within {_within(news)}. A late review blocks the next ordinary "
        "release.",
        **_there(),
    )


def review_due(news: News, to: Recipient) -> Letter:
    """A reminder that rises: more people are told each time."""
    about, late = news.subject, bool(news.after.get("late"))
    told = (
        f"The review of {about} is late since {_due(news)}, and blocks the next ordinary release."
        if late
        else f"The review of {about} is due at {_due(news)}; then it blocks the next ordinary release."
    )
    return letter(
        news,
        to,
        f"Review late: {about}" if late else f"Review due: {about}",
        told,
        "This mail goes to more people each time, until it is signed.",
        **_there(),
    )


def review_vetoed(news: News, to: Recipient) -> Letter:
    """Somebody who reviewed it afterwards says that it should not have run."""
    return letter(
        news,
        to,
        f"Review vetoed: {news.subject}",
        f"The review of {news.subject} was answered with a no-go.",
        news.reason,
        "What ran is not undone by it: decide whether to go back or to fix it forward. It blocks the next "
        "ordinary release until somebody has named there what follows.",
        button="Open the reviews",
        link=_page(),
    )


def _there() -> dict[str, Any]:
    """Where reviews are signed; also those of a release, whose own page asks something else."""
    return {"button": "Open what is owed", "link": _page(), "notes": (SIGN_THERE,)}


def _page() -> str:
    return f"{settings.PORTAL_BASE_URL}/emergency/"


def _due(news: News) -> str:
    text = news.after.get("due_at")
    due = datetime.fromisoformat(text).astimezone(UTC) if text else news.event.at.astimezone(UTC)
    return f"{due:%H:%M} UTC on {due:%a} {due.day} {due:%b}"


def _within(news: News) -> str:
    seconds = news.gate.summary.get("within_seconds") if news.gate is not None else None
    return f"{seconds / 3600:g} hours" if seconds else "the time that the approval policy gives"
