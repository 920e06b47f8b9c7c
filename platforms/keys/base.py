"""What a keeper of signing keys can do, and how anybody checks what it signed.

A key is known by the first 16 hex digits of the SHA-256 of its 32 public bytes, wherever it is kept, so
that an auditor can name the key of a signature without asking the portal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class KeysUnavailable(Exception):
    """The keeper cannot be reached or has no key now; the sentence says what to do."""


class KeysRefused(Exception):
    """The keeper answers and will not do it: wrong access, wrong kind of key, unsafe file."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of one key; `valid_until` is None while it signs. Moments are UTC."""

    id: str
    public: bytes
    valid_from: datetime
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """64 bytes of Ed25519 (RFC 8032) and the key that made them."""

    key_id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Rotation:
    """A new key; the one before it signed `endorsement_of(new)`, so that trust can follow."""

    new: PublicKey
    old: PublicKey
    endorsement: bytes


class KeyKeeper(Protocol):
    """Holds one key that signs and the public halves of all that did.

    Every method raises KeysUnavailable or KeysRefused.
    """

    def ensure(self, valid_from: datetime) -> PublicKey:
        """Have a key: the one that signs now, or a first one, valid from that moment."""
        ...

    def sign(self, message: bytes) -> Signature:
        """Sign with the present key."""
        ...

    def public_keys(self) -> tuple[PublicKey, ...]:
        """Every key that ever signed, oldest first; the last one signs now."""
        ...

    def rotate(self, now: datetime) -> Rotation:
        """Make a new key that signs from `now` on; the old one signs its successor and no more."""
        ...


def key_id(public: bytes) -> str:
    """The id of a public key (32 bytes)."""
    return hashlib.sha256(public).hexdigest()[:16]


def endorsement_of(public: bytes) -> bytes:
    """What the old key signs about its successor."""
    return b"hmhp-portal next signing key\n" + public


def is_signed(message: bytes, signature: Signature, keys: Iterable[PublicKey]) -> bool:
    """Did the key that the signature names sign exactly these bytes? An unknown key signed nothing."""
    for key in keys:
        if key.id == signature.key_id and key_id(key.public) == key.id:
            return verifies(message, signature.value, key.public)
    return False


def verifies(message: bytes, signature: bytes, public: bytes) -> bool:
    """Ed25519 alone: is it this key's signature over these bytes?"""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
