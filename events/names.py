"""Names stay out of the record: a sentence keeps `{person:…}` where it named somebody.

This app knows no person. The app that does hands in how a name is hidden and shown (`install`); `record`
hides, pages, letters and the API show. Erasing a person removes the name, and the chain stays whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SENTENCES = frozenset({"sentence", "remark", "cause", "reason", "lessons", "why"})
"""Names within an event's JSON under which sentences stand; other values are data and stay as they are."""

Words = Callable[[str], str]
_hide: Words = str
_show: Words = str


def install(hide: Words, show: Words) -> None:
    """Called once, when the app of people is ready."""
    global _hide, _show
    _hide, _show = hide, show


def hidden(text: str) -> str:
    """The sentence without names."""
    return _hide(text) if text else text


def shown(text: str) -> str:
    """The sentence with the names that are still there."""
    return _show(text) if "{" in text else text


def hidden_in(value: Any, inside: bool = False) -> Any:
    """The JSON value with the names hidden in its sentences."""
    if isinstance(value, dict):
        return {name: hidden_in(item, name in SENTENCES) for name, item in value.items()}
    if isinstance(value, list):
        return [hidden_in(item, inside) for item in value]
    return hidden(value) if inside and isinstance(value, str) else value


def shown_in(value: Any) -> Any:
    """The JSON value as people read it."""
    if isinstance(value, dict):
        return {name: shown_in(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shown_in(item) for item in value]
    return shown(value) if isinstance(value, str) else value
