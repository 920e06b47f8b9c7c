"""Entries of the record as people read them: present names for ids, what was before and after side by side.

In: events of one page. Out: `Entry`s, in three queries whatever their number. Names are kept apart from the
record, so an erased person is shown as erased. Called by the audit trail and the history of a release.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import ApiToken, KeptApart, User
from accounts.pseudonyms import ERASED, GONE
from events.models import Event

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PERSON, _SERVICE = re.compile(rf"(?:person:|people/)({_ID})"), re.compile(rf"service:({_ID})")
_KEPT = re.compile(rf"kept:({_ID})")
_MARK = re.compile(rf"\{{(?:person|kept):{_ID}\}}")
_WHOLE = re.compile(rf"(?:person:|people/|service:){_ID}|system:[\w -]+")
DEEPEST = 3
"""Levels of nested values that get lines of their own; deeper ones are written into one."""


@dataclass(frozen=True, slots=True)
class Line:
    """One value of an entry: what it was and what it became; None where it was not there."""

    name: str
    before: str | None
    after: str | None

    @property
    def changed(self) -> bool:
        """True when it was there before and became another."""
        return self.before is not None and self.after is not None and self.before != self.after


@dataclass(frozen=True, slots=True)
class Entry:
    """One event with everything that its line and its details show; `words` shows names in a sentence."""

    event: Event
    who: str
    about: str
    lines: tuple[Line, ...]
    facts: tuple[Line, ...]
    words: Callable[[str], str]


def entries(events: Sequence[Event]) -> list[Entry]:
    """The events of a page, in their order."""
    names = _Names("\n".join(text for event in events for text in _texts(event)))
    return [_entry(event, names) for event in events]


def _entry(event: Event, names: _Names) -> Entry:
    before, after = dict(_flat(event.before, names)), dict(_flat(event.after, names))
    return Entry(
        event=event,
        who=names.whole(event.actor),
        about=names.whole(event.stream),
        lines=tuple(Line(name, before.get(name), after.get(name)) for name in {**before, **after}),
        facts=tuple(Line(name, None, text) for name, text in _flat(event.data, names)),
        words=names.words,
    )


def _texts(event: Event) -> Iterator[str]:
    yield from (event.actor, event.stream, event.reason)
    for value in (event.before, event.after, event.data):
        yield from _strings(value)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield str(name)
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


class _Names:
    """What stands behind every id in a text, read once."""

    def __init__(self, text: str) -> None:
        people, services, kept = (set(found.findall(text)) for found in (_PERSON, _SERVICE, _KEPT))
        self._names: dict[str, str] = {}
        rows = User.objects.filter(public_id__in=people) if people else ()
        for person in rows:
            uid = person.public_id
            self._names[f"{{person:{uid}}}"] = ERASED if person.erased_at else person.username
            self._names[f"person:{uid}"] = person.username
            self._names[f"people/{uid}"] = f"people/{person.username}"
        if services:
            tokens = ApiToken.objects.filter(public_id__in=services).values_list("public_id", "name")
            self._names |= {f"service:{uid}": name for uid, name in tokens}
        if kept:
            facts = KeptApart.objects.filter(id__in=kept).values_list("id", "value")
            self._names |= {f"{{kept:{uid}}}": value for uid, value in facts}

    def words(self, text: str) -> str:
        """The sentence with the names that are still there."""
        gone = {"{p": ERASED, "{k": GONE}
        return _MARK.sub(lambda mark: self._names.get(mark[0], gone[mark[0][:2]]), text)

    def whole(self, text: str) -> str:
        """A value that is an id as what it names; any other as a sentence."""
        if not _WHOLE.fullmatch(text):
            return self.words(text)
        return (
            f"the {text.removeprefix('system:')}"
            if text.startswith("system:")
            else self._names.get(text, text)
        )


def _flat(value: Any, names: _Names, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """The parts of a JSON value by their names, each written out."""
    if isinstance(value, Mapping) and (value or not path) and len(path) < DEEPEST:
        for name, item in value.items():
            yield from _flat(item, names, (*path, names.whole(str(name)).replace("_", " ")))
    elif path:
        yield ", ".join(path), _written(value, names)


def _written(value: Any, names: _Names) -> str:
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ("; " if any(isinstance(item, Mapping | list) for item in value) else ", ").join(
            _written(item, names) for item in value
        )
    if isinstance(value, Mapping):
        return ", ".join(
            f"{names.whole(str(n)).replace('_', ' ')} {_written(i, names)}" for n, i in value.items()
        )
    return names.whole(str(value))
