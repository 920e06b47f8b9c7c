"""Letters about reviews that are owed: asked for, due soon, late."""

from __future__ import annotations

from datetime import UTC, datetime

from notifications.letters.letter import Letter, Recipient
from notifications.letters.parts import because, letter
from notifications.news import News

SIGN_THERE = "The link opens the portal, and reviews are signed there. Nothing can be signed from this mail."


def review_asked(news: News, to: Recipient) -> Letter:
    """It runs, or may run, with fewer signatures: what was passed over is owed."""
    version = news.facts.version
    return letter(
        news,
        to,
        f"Review owed: {version}",
        f"{version} may run with fewer signatures than usual, by {news.who}.",
        because(news),
        f"Whoever was passed over reviews it within {_within(news)}. A late review blocks the next ordinary "
        "release.",
        button="Open what is owed",
        notes=(SIGN_THERE,),
    )


def review_due(news: News, to: Recipient) -> Letter:
    """A reminder that rises: more people are told each time."""
    version, late = news.facts.version, bool(news.after.get("late"))
    subject = f"Review late: {version}" if late else f"Review due: {version}"
    told = (
        f"The review of {version} is late since {_due(news)}, and blocks the next ordinary release."
        if late
        else f"The review of {version} is due at {_due(news)}; then it blocks the next ordinary release."
    )
    return letter(
        news,
        to,
        subject,
        told,
        "This mail goes to more people each time, until it is signed.",
        button="Open what is owed",
        notes=(SIGN_THERE,),
    )


def _due(news: News) -> str:
    text = news.after.get("due_at")
    due = datetime.fromisoformat(text).astimezone(UTC) if text else news.event.at.astimezone(UTC)
    return f"{due:%H:%M} UTC on {due:%a} {due.day} {due:%b}"


def _within(news: News) -> str:
    seconds = news.gate.summary.get("within_seconds") if news.gate is not None else None
    return f"{seconds / 3600:g} hours" if seconds else "the time that the approval policy gives"
