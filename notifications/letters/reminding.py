"""Letters about signatures that do not come: a reminder that rises, and a gate that nobody can satisfy."""

from __future__ import annotations

from accounts.roles import Role
from notifications.letters.letter import Letter, Recipient
from notifications.letters.parts import letter, rows
from notifications.news import News, ReleaseNews


def reminder(news: ReleaseNews, to: Recipient) -> Letter:
    """What a release still waits for and who can supply it."""
    return still_missing(news, to, news.facts.version, link=news.facts.room)


def still_missing(news: News, to: Recipient, about: str, *, link: str) -> Letter:
    """What `about` still waits for and who can supply it; whose turn it is, is told so."""
    number = int(news.after.get("reminder", 1))
    waiting = news.after.get("waiting", [])
    mine = any(Role(one["role"]).label in to.roles for one in waiting)
    missing = [Role(one["role"]).label for one in waiting]
    return letter(
        news,
        to,
        f"Still missing: the sign-off of {about}, reminder {number}",
        f"{about[0].upper()}{about[1:]} waits for its {_listed(missing) or 'signatures'}.",
        "Your go or no-go is one of them." if mine else "It is not your turn, but you can see to it.",
        kicker=f"Your turn, {to.name}" if mine else f"For {to.name}",
        your_turn=mine,
        rows=(*rows(news, to), *((Role(one["role"]).label, _who(one["who_can"])) for one in waiting)),
        button="Open the facts and sign" if mine else "See what is missing",
        link=link,
    )


def stuck(news: ReleaseNews, to: Recipient) -> Letter:
    """The present people cannot satisfy the gate, and what can be done."""
    version = news.facts.version
    return letter(
        news,
        to,
        f"Nobody can sign: {version}",
        f"{version} waits for signatures that the people who are there now cannot give.",
        news.reason,
        "An Administrator can give the role to somebody, and whoever holds it can name a deputy for a time. "
        "The release waits until then; nothing is lost.",
        button="See what is missing",
        link=news.facts.room,
    )


def _who(handles: list[str]) -> str:
    return f"{_listed([f'@{handle}' for handle in handles], 'or')} can sign" if handles else "Nobody can sign"


def _listed(names: list[str], word: str = "and") -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else "".join(names)
