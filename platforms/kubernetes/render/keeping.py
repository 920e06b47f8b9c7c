"""Values that only a Secret should hold: what is rendered is read by everybody who signs, and kept for ever.

Called by `refusing` for a team's own objects, and by `component` for configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from platforms.kubernetes.render.documents import Document

_SECRET_NAME = re.compile(
    r"(?:^|[_.-])(?:password|passwd|secret|secret_?key|token|api_?key|private_?key|credentials)$", re.I
)
_NO_SECRET = re.compile(r"(?i:true|false|yes|no|on|off|none|null|\d*)|/.*|\$\(.*\)|.*\$\{.*\}.*", re.S)
"""What such a name may hold in the open: a switch, a number, a file, or another variable."""

_IN_ADDRESS = re.compile(r"(?P<kept>://[^\s:/@]*:)(?P<hidden>[^\s:/@${(][^\s/@]*)(?=@)")
_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")


def is_secret(name: str, value: str) -> bool:
    """Is that, under that name, a value that only a Secret should hold?"""
    if _IN_ADDRESS.search(value) or _KEY.search(value):
        return True
    return bool(_SECRET_NAME.search(name)) and not _NO_SECRET.fullmatch(value.strip())


def hidden(text: str) -> str:
    """The text without the password of an address."""
    return _IN_ADDRESS.sub(r"\g<kept>…", text)


def problems(doc: Document) -> Iterator[str]:
    """Every such value of an object, by its name and never by itself."""
    for path, name, value in _values(doc.object, ()):
        if is_secret(name, value):
            yield f"{doc.at(*path)}: {sentence(name)}"


def sentence(name: str) -> str:
    """What to do instead."""
    return (
        f"{name} holds what only a Secret should hold, and everybody who signs would read it; take it from a "
        "Secret by its name, and change the value, which has been written down."
    )


def _values(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Texts with the name that they go by: of a variable, else the key that they stand under."""
    if isinstance(value, dict):
        variable = isinstance(value.get("name"), str) and isinstance(value.get("value"), str)
        for key, item in value.items():
            name = value["name"] if variable and key == "value" else str(key)
            if isinstance(item, str):
                yield (*path, key), name, item
            else:
                yield from _values(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            if isinstance(item, str):
                yield (*path, position), str(path[-1]), item
            else:
                yield from _values(item, (*path, position))
