"""Letters about the plan: go, no-go, postponed, another window, cancelled."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from notifications.letters.letter import Letter, Recipient
from notifications.letters.parts import because, letter
from notifications.letters.times import Window, window_words, with_zone
from notifications.news import ReleaseNews


def go(news: ReleaseNews, to: Recipient) -> Letter:
    """Everybody signed and the Release Manager said go, for one window."""
    version = news.facts.version
    window = _window(news.after) or news.facts.window
    when = f" on {_short(window[0])}" if window else ""
    return letter(
        news,
        to,
        f"Go: {version} ships{when}",
        f"Every role has signed {version}, and {news.who} said go for production.",
        f"It can be started in the window {window_words(window, to.zone)}" if window else "",
        because(news),
    )


def go_ended(news: ReleaseNews, to: Recipient) -> Letter:
    """The go that was told does not stand any more; the question is asked again."""
    version = news.facts.version
    return letter(
        news,
        to,
        f"Go ended: {version} is not cleared for production",
        f"The go for {version} does not stand any more. It ships only after a new one.",
        because(news),
    )


def no_go(news: ReleaseNews, to: Recipient) -> Letter:
    """A veto or the Release Manager's no-go: it does not ship."""
    version = news.facts.version
    return letter(
        news,
        to,
        f"No-go: {version} does not ship",
        f"{news.reason}" if news.reason else f"{news.who} said no-go.",
        "Nothing was deployed to production.",
        link=news.facts.room,
        button="Read who said what",
    )


def postponed(news: ReleaseNews, to: Recipient) -> Letter:
    """Not now; the window that it has from now on, if any."""
    version = news.facts.version
    window = news.facts.window
    return letter(
        news,
        to,
        f"Postponed: {version}",
        f"{news.who} postponed {version}. A go that was given does not stand any more.",
        because(news),
        f"The window is now {window_words(window, to.zone)}" if window else "No new window is set yet.",
    )


def window_moved(news: ReleaseNews, to: Recipient) -> Letter:
    """Another window, or the one it had has passed."""
    version, window, earlier = news.facts.version, news.facts.window, _window(news.before)
    was = f"It was {window_words(earlier, to.zone)}" if earlier else ""
    if news.event.kind == "window.missed":
        return letter(
            news,
            to,
            f"Window missed: {version} was not started",
            f"The window of {version} passed without a start. It needs a new window and a new go.",
            was,
        )
    if window is None:
        return letter(
            news, to, f"Window removed: {version}", f"{news.who} took the window of {version} away.", was
        )
    return letter(
        news,
        to,
        f"New window: {version} on {_short(window[0])}",
        f"{news.who} set the window of {version} to {window_words(window, to.zone)}",
        was,
        because(news),
        "A go is for one window only: it is asked for this one." if earlier else "",
    )


def cancelled(news: ReleaseNews, to: Recipient) -> Letter:
    """It will never ship."""
    version = news.facts.version
    return letter(
        news,
        to,
        f"Cancelled: {version}",
        f"{news.who} cancelled {version}. It will not be deployed; nothing changed in production.",
        because(news),
    )


def _window(values: dict[str, Any]) -> Window | None:
    """The window that an event carries: a decision as a pair, a release as `start` and `end`."""
    pair = values.get("window") or [values.get("start"), values.get("end")]
    if not all(isinstance(text, str) for text in pair):
        return None
    return datetime.fromisoformat(pair[0]), datetime.fromisoformat(pair[1])


def _short(moment: datetime) -> str:
    return with_zone(moment, "UTC")
