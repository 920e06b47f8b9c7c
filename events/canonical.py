"""Canonical JSON (RFC 8785) and hashes over it: the one way this portal hashes a record."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import rfc8785

LARGEST = 2**53 - 1
"""Whole numbers up to this one are exact in JSON; RFC 8785 has no others."""
LAST_OF_PLANE = "\uffff"


def dumps(value: Any) -> bytes:
    """The canonical bytes of a JSON value; raises ValueError for what JSON cannot hold."""
    if _plain(value):
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        if text.isascii() or max(text) <= LAST_OF_PLANE:
            return text.encode()
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from error


def _plain(value: Any) -> bool:
    """Is this made of texts, whole numbers that are exact, truths and nothing else?

    Then the standard library, which is many times faster, writes the canonical form, up to the order of
    names with characters beyond the first plane. Contents and events are nearly always so.
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is dict:
        return all(type(name) is str and _plain(item) for name, item in value.items())
    if kind is list:
        return all(map(_plain, value))
    return kind is int and -LARGEST <= value <= LARGEST


def loads(text: str) -> dict[str, Any]:
    """The document behind a canonical text."""
    found: dict[str, Any] = json.loads(text)
    return found


def sha256(value: Any) -> str:
    """SHA-256 over the canonical bytes, as 64 hex digits."""
    return hashlib.sha256(dumps(value)).hexdigest()


def moment(at: datetime) -> str:
    """A moment as records write it: UTC, always with six digits of a second, and Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
