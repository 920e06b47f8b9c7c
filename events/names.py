"""Names stay out of the record: a sentence keeps `{person:…}` where it named somebody.

This app knows no person. The app that does hands in how a name is hidden and shown (`install`); `record`
hides, pages, letters and the API show. Erasing a person removes the name, and the chain stays whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from events.models import Event

SENTENCES = frozenset({"sentence", "remark", "cause", "reason", "lessons", "why"})
"""Names within an event's JSON under which sentences stand; other values are data and stay as they are."""

WORDED = ("reason", "before", "after", "data")
"""Parts of an event that may name somebody."""

Hide = Callable[[str], str]
Show = Callable[[Sequence[str]], list[str]]
_hide: Hide = str
_show: Show = list


def install(hide: Hide, show: Show) -> None:
    """Called once, when the app of people is ready; `show` takes many sentences in a few queries."""
    global _hide, _show
    _hide, _show = hide, show


def hidden(text: str) -> str:
    """The sentence without names."""
    return _hide(text) if text else text


def shown(text: str) -> str:
    """The sentence with the names that are still there."""
    return str(shown_in(text))


def hidden_in(value: Any, inside: bool = False) -> Any:
    """The JSON value with the names hidden in its sentences."""
    if isinstance(value, dict):
        return {name: hidden_in(item, name in SENTENCES) for name, item in value.items()}
    if isinstance(value, list):
        return [hidden_in(item, inside) for item in value]
    return hidden(value) if inside and isinstance(value, str) else value


def shown_in(value: Any) -> Any:
    """The JSON value as people read it; however much it holds, in the same few queries."""
    marked = list(dict.fromkeys(text for text in _texts(value) if "{" in text))
    return _put(value, dict(zip(marked, _show(marked), strict=True))) if marked else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _put(value: Any, told: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _put(item, told) for name, item in value.items()}
    if isinstance(value, list):
        return [_put(item, told) for item in value]
    return told.get(value, value) if isinstance(value, str) else value


def readable(events: Iterable[Event]) -> list[Event]:
    """Events to be shown: their sentences and values as people read them, all of them together."""
    found = list(events)
    told = shown_in([[getattr(event, name) for name in WORDED] for event in found])
    for event, values in zip(found, told, strict=True):
        for name, value in zip(WORDED, values, strict=True):
            setattr(event, name, value)
    return found
