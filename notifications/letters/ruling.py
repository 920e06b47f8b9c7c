"""Letters about the approval policy: a change waits, takes effect, does not; nobody can sign it."""

from __future__ import annotations

from notifications.letters.letter import Letter, Recipient
from notifications.letters.parts import because, letter, seal_words
from notifications.letters.reminding import still_missing
from notifications.news import PortalNews

BUTTON = "Open the policy"
SIGN_THERE = "The link opens the portal, and you sign there. Nothing can be signed from this mail."


def asked(news: PortalNews, to: Recipient) -> Letter:
    """Your turn: may these rules change? Until then the rules before it hold."""
    roles = " or ".join(to.roles)
    again = news.event.kind == "gate.reopened"
    why = (
        f"A signature on the changed {news.subject} no longer counts."
        if again
        else f"{news.who} asks for a changed {news.subject}."
    )
    seal = seal_words(news.gate.seal) if news.gate is not None else ""
    return letter(
        news,
        to,
        f"Your sign-off: {news.subject}",
        f"{why} Please say go or no-go as {roles}.",
        "The rules before it hold until it is signed, and for every gate that is open.",
        kicker=f"Your turn, {to.name} ({roles})",
        your_turn=True,
        rows=(*news.facts.rows, ("Seal", f"{seal}. Compare it with the portal before you sign.")),
        button="Open the change and sign",
        notes=(SIGN_THERE,),
    )


def reminder(news: PortalNews, to: Recipient) -> Letter:
    """The change still waits for signatures."""
    return still_missing(news, to, f"the changed {news.subject}", link=news.page)


def stuck(news: PortalNews, to: Recipient) -> Letter:
    """The present people cannot sign the change."""
    return letter(
        news,
        to,
        f"Nobody can sign: {news.subject}",
        f"The changed {news.subject} waits for signatures that the people who are there now cannot give.",
        news.reason,
        "An Administrator can give the role to somebody, or take the change back. "
        "The rules before it hold until then.",
        button=BUTTON,
    )


def adopted(news: PortalNews, to: Recipient) -> Letter:
    """The change is in force for every gate that opens from now on."""
    return letter(
        news,
        to,
        f"In force: {news.subject}",
        f"The change to the rules of who signs what, which {news.who} brought, is signed and in force.",
        "Gates that were open before keep the rules under which they were opened.",
        button=BUTTON,
    )


def refused(news: PortalNews, to: Recipient) -> Letter:
    """A no-go, an end of its time, or it was taken back: the rules before it stay."""
    taken_back = news.event.kind == "policy.withdrawn"
    return letter(
        news,
        to,
        f"{'Taken back' if taken_back else 'Refused'}: {news.subject}",
        f"{news.who} took the changed {news.subject} back."
        if taken_back
        else f"The changed {news.subject} does not take effect.",
        because(news) if taken_back else news.reason,
        "The rules before it stay in force.",
        button=BUTTON,
    )
