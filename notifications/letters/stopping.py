"""Letters about emergency stops: made, signed, not to be lifted, lifted."""

from __future__ import annotations

from notifications.letters.letter import Letter, Recipient
from notifications.letters.parts import because, letter
from notifications.letters.reminding import still_missing
from notifications.letters.times import with_zone
from notifications.news import PortalNews

SIGN_THERE = "The link opens the portal, and you sign or lift there. Nothing can be done from this mail."
BUTTON = "Open the stops"


def made(news: PortalNews, to: Recipient) -> Letter:
    """Who stopped what and why, what is held, and how it is lifted; whose signature lifts it, is told so."""
    mine = bool(to.roles)
    return letter(
        news,
        to,
        f"Emergency stop: {_place(news)}",
        f"{news.who} stopped {_place(news)} at {with_zone(news.event.at, to.zone)}.",
        news.facts.sentence,
        "Your signature is one of those that lift it." if mine else "",
        kicker=f"Your turn, {to.name} ({' or '.join(to.roles)})" if mine else f"For {to.name}",
        your_turn=mine,
        button=BUTTON,
        notes=(SIGN_THERE,),
    )


def asked(news: PortalNews, to: Recipient) -> Letter:
    """Another round, or a signature that no longer counts: may it be lifted?"""
    again = news.event.kind == "gate.reopened"
    why = "A signature no longer counts." if again else f"{news.who} asks again."
    return letter(
        news,
        to,
        f"Your sign-off: may {news.subject} be lifted?",
        f"{why} Please say go or no-go as {' or '.join(to.roles)}.",
        news.facts.sentence,
        kicker=f"Your turn, {to.name} ({' or '.join(to.roles)})",
        your_turn=True,
        button=BUTTON,
        notes=(SIGN_THERE,),
    )


def reminder(news: PortalNews, to: Recipient) -> Letter:
    """It still waits for the signatures that lift it."""
    return still_missing(news, to, f"the lifting of {news.subject}", link=news.page)


def stuck(news: PortalNews, to: Recipient) -> Letter:
    """The present people cannot sign that it may be lifted."""
    return letter(
        news,
        to,
        f"Nobody can lift {news.subject}",
        f"The lifting of {news.subject} waits for signatures that the people who are there now cannot give.",
        news.reason,
        "An Administrator can give the role to somebody, and whoever holds it can name a deputy for a time.",
        button=BUTTON,
    )


def signed(news: PortalNews, to: Recipient) -> Letter:
    """Every role has signed; somebody has to lift it."""
    return letter(
        news,
        to,
        f"Signed: {news.subject} can be lifted",
        f"Every role has signed that {news.subject} may end.",
        "It stands until somebody lifts it, with a reason.",
        kicker=f"Your turn, {to.name} ({' or '.join(to.roles)})",
        your_turn=True,
        button=BUTTON,
        notes=(SIGN_THERE,),
    )


def stays(news: PortalNews, to: Recipient) -> Letter:
    """Somebody said that it must not be lifted."""
    return letter(
        news,
        to,
        f"No-go: {news.subject} stays",
        f"{news.subject.capitalize()} is not lifted.",
        news.reason,
        "It can be asked again once that is put right.",
        button=BUTTON,
    )


def lifted(news: PortalNews, to: Recipient) -> Letter:
    """Who lifted it and why; what was held goes on."""
    return letter(
        news,
        to,
        f"Lifted: {news.subject}",
        f"{news.who} lifted {news.subject} at {with_zone(news.event.at, to.zone)}. "
        "What it held may move forward again, and others may start.",
        because(news),
        rows=tuple(row for row in news.facts.rows if row[0] in ("Where", "Why")),
        button=BUTTON,
    )


def _place(news: PortalNews) -> str:
    return news.subject.removeprefix("the stop of ")
