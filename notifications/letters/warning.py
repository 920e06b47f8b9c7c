"""Letters that warn of what no release has done: to a person's account, to what was taken over."""

from __future__ import annotations

from notifications.letters.letter import Letter, Recipient
from notifications.letters.parts import because, letter
from notifications.letters.times import with_zone
from notifications.news import PortalNews


def factors_reset(news: PortalNews, to: Recipient) -> Letter:
    """An Administrator took every factor away: what to do, also if nobody asked for it."""
    return letter(
        news,
        to,
        "Your second factors were reset",
        f"{news.who} reset your second factors at {with_zone(news.event.at, to.zone)}. "
        "Until you set one up again you can sign and decide nothing.",
        because(news),
        "If you did not ask for this, tell a Security Officer at once: somebody may want to sign as you.",
        kicker=f"Your turn, {to.name}",
        your_turn=True,
        button="Set up a second factor",
    )


def drifted(news: PortalNews, to: Recipient) -> Letter:
    """What was taken over, and has had no release since, runs otherwise than when it was."""
    return letter(
        news,
        to,
        f"Drift: not what {news.subject} ran when it was taken over",
        f"What runs in {news.subject} is not what was taken over.",
        news.reason,
        "No release can start until that is put right: deploy it again, or find out who changed it.",
        button="Open the drift report",
    )
