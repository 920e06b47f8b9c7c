"""Letters about signatures: asked for, and void."""

from __future__ import annotations

from datetime import UTC

from notifications.letters.letter import Count, Letter, Recipient, Tone
from notifications.letters.parts import because, letter, rows, seal_words
from notifications.news import ReleaseNews

VERDICTS: tuple[tuple[Tone, str, str], ...] = (
    ("blocks", "in the way", "Nothing stands in the way."),
    ("watch", "to watch", "Nothing needs an eye on it."),
    ("clear", "clear", "Nothing is clear yet."),
)


def signoff_asked(news: ReleaseNews, to: Recipient) -> Letter:
    """Your turn: sign or veto, by when the window opens."""
    facts, roles = news.facts, " or ".join(to.roles)
    compare = f"{seal_words(_seal(news))}. Compare it with the portal before you sign."
    return letter(
        news,
        to,
        f"Your sign-off: {facts.version}{_by_when(news)}",
        *_why_asked(news, roles),
        kicker=f"Your turn, {to.name} ({roles})",
        your_turn=True,
        rows=(*rows(news, to), ("Seal", compare)),
        counts=_counts(news),
        button="Open the facts and sign",
        link=facts.room,
        notes=(
            "The link opens the portal, and you sign there. Nothing can be signed from this mail, "
            "and a reply is not a signature.",
        ),
    )


def _by_when(news: ReleaseNews) -> str:
    if news.facts.window is None:
        return ""
    start = news.facts.window[0].astimezone(UTC)
    return f", answer by {start:%H:%M} UTC on {start:%a} {start.day} {start:%b}"


def _why_asked(news: ReleaseNews, roles: str) -> tuple[str, ...]:
    version = news.facts.version
    if news.event.kind == "gate.reopened":
        return (
            f"A signature on {version} was withdrawn or no longer counts, so the question is open again.",
            f"Please say go or no-go as {roles}.",
        )
    again = ""
    if news.gate is not None and news.gate.round > 1:
        again = "It was asked before, about another seal; what was signed then does not count any more."
    return (f"{news.who} asks for your go or no-go to {version} in production, as {roles}.", again)


def _seal(news: ReleaseNews) -> str:
    return news.gate.seal if news.gate is not None else news.facts.seal


def _counts(news: ReleaseNews) -> tuple[Count, ...]:
    """How many facts stand in the way, need an eye, are clear; and which, as they are now."""
    found = []
    for tone, words, none in VERDICTS:
        names = [fact.label for fact in news.readiness if fact.verdict == tone]
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        found.append(Count(tone, f"{len(names)} {words}", f"{shown}." if names else none))
    return tuple(found)


def signatures_void(news: ReleaseNews, to: Recipient) -> Letter:
    """What was signed, or asked, does not count any more, and why."""
    version = news.facts.version
    signed = bool(news.before.get("signers"))
    void = (
        f"The signatures on {version} do not count any more"
        if signed
        else f"{version} is not asked about now"
    )
    return letter(
        news,
        to,
        f"Signatures void: {version}" if signed else f"No signature needed now: {version}",
        f"{void}, because what it asked about has changed.",
        because(news),
        "You need not do anything now. If your signature is wanted again, a mail asks for it.",
    )
