"""Canonical JSON (RFC 8785) and hashes over it: the one way this portal hashes a record."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import rfc8785


def dumps(value: Any) -> bytes:
    """The canonical bytes of a JSON value; raises ValueError for what JSON cannot hold."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from error


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
