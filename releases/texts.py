"""What people and machines may write: length, control characters, links. Pure.

Every function returns the text as it is kept or puts a sentence under `field` into `faults`.
"""

from __future__ import annotations

import unicodedata
from urllib.parse import urlsplit

from events.words import says_something

Faults = dict[str, list[str]]

NOTES_BYTES = 100_000
"""Release notes: more than this is a document and belongs behind a link."""
REMARK_CHARACTERS = 4_000
LINK_CHARACTERS = 500

_ALLOWED_CONTROLS = frozenset("\n\t")


def fault(faults: Faults, field: str, sentence: str) -> None:
    """Note one sentence under a field."""
    faults.setdefault(field, []).append(sentence)


def ended(text: str) -> str:
    """What somebody wrote, closed so that a sentence can follow it."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def has_controls(text: str, *, lines: bool = False) -> bool:
    """True for control characters and lone surrogates; line ends and tabs pass where `lines` are wanted."""
    allowed = _ALLOWED_CONTROLS if lines else frozenset()
    return any(unicodedata.category(c) in ("Cc", "Cs") and c not in allowed for c in text)


def line(value: object, field: str, faults: Faults, *, limit: int, required: bool = False) -> str:
    """One line of text, trimmed."""
    if not isinstance(value, str):
        fault(faults, field, "This must be text.")
        return ""
    text = value.strip()
    if len(text) > limit:  # before anything walks through it
        fault(faults, field, f"This has {len(text)} characters; at most {limit} are kept.")
        return ""
    if has_controls(text):
        fault(faults, field, "This holds control characters; use plain text on one line.")
    elif required and not says_something(text):
        fault(faults, field, "This must not be empty.")
    return text


def paragraph(value: object, field: str, faults: Faults, *, limit: int, required: bool = False) -> str:
    """Text of several lines, at most `limit` bytes of UTF-8, trimmed, with line feeds as line ends."""
    if not isinstance(value, str):
        fault(faults, field, "This must be text.")
        return ""
    if len(value) > limit:  # before anything walks through it
        fault(faults, field, f"This is longer than {limit:,} bytes; link to longer texts.")
        return ""
    text = value.replace("\r\n", "\n").strip()
    if has_controls(text, lines=True):
        fault(faults, field, "This holds control characters other than line ends and tabs.")
    elif len(text.encode()) > limit:
        fault(faults, field, f"This is longer than {limit:,} bytes; link to longer texts.")
    elif required and not says_something(text):
        fault(faults, field, "This must not be empty.")
    return text


def remark(value: object, faults: Faults, *, field: str = "remark", required: bool = False) -> str:
    """A remark or reason of a person."""
    return paragraph(value, field, faults, limit=REMARK_CHARACTERS, required=required)


def link(value: object, field: str, faults: Faults) -> str:
    """An http or https address, or nothing."""
    text = line(value, field, faults, limit=LINK_CHARACTERS)
    if not text or field in faults:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or not _seen_whole(text):
        fault(faults, field, "A link is a whole http:// or https:// address.")
    elif "@" in parts.netloc:
        fault(faults, field, "A link is kept for good and carries no name or password before its host.")
        return ""
    return text


def _seen_whole(address: str) -> bool:
    """An address without spaces and without characters that nobody sees."""
    return not any(unicodedata.category(c)[0] in "ZC" for c in address)
