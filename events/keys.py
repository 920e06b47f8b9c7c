"""Sign what must be proved later, with the portal's Ed25519 key; read the public keys.

What is signed is the canonical JSON (RFC 8785) of a document. The private key stays with its keeper
(`platforms.keys`), which the settings name. Called by signatures, checkpoints, tombstones and dossiers.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from events import canonical, clock
from events.errors import PortalError
from events.models import Event
from events.services import record
from platforms.keys.base import (
    KeyKeeper,
    KeysRefused,
    KeysUnavailable,
    PublicKey,
    Rotation,
    Signature,
    is_signed,
)
from platforms.keys.registry import open_keeper

STREAM = "keys"
DEMO_PAST = timedelta(days=400)
"""The demo's people signed in a past that was played; its first key is as old as that."""


class CannotSign(PortalError):
    """The key keeper does not sign now; nothing was changed."""

    status = 503
    type = "cannot-sign"
    title = "The signing key cannot be used now"


@dataclass(frozen=True, slots=True)
class Signed:
    """A document as it was signed: its canonical text, the key's id, the signature in base64."""

    text: str
    key_id: str
    signature: str


def sign(document: Mapping[str, Any]) -> Signed:
    """Sign the document's canonical JSON.

    Raises CannotSign with the keeper's sentence, ValueError for what JSON cannot hold.
    """
    body = canonical.dumps(dict(document))
    try:
        made = keeper().sign(body)
    except (KeysUnavailable, KeysRefused) as error:
        raise CannotSign(f"Nothing was signed: {error} An Administrator can look after it.") from error
    return Signed(body.decode(), made.key_id, base64.b64encode(made.value).decode())


def holds(signed: Signed, keys: Iterable[PublicKey] | None = None) -> bool:
    """Did that key sign exactly this text? `keys` are the keeper's, unless a copy is handed in."""
    try:
        value = base64.b64decode(signed.signature, validate=True)
    except ValueError:
        return False
    if base64.b64encode(value).decode() != signed.signature:  # unused bits may hide a change
        return False
    known = public_keys() if keys is None else keys
    return is_signed(signed.text.encode(), Signature(signed.key_id, value), known)


def public_keys() -> tuple[PublicKey, ...]:
    """Every public key, oldest first; the last one signs now. Raises CannotSign."""
    try:
        return keeper().public_keys()
    except (KeysUnavailable, KeysRefused) as error:
        raise CannotSign(f"{error} An Administrator can look after it.") from error


def ensure() -> PublicKey:
    """Have a key to sign with; called by `prepare` at every start. Raises CannotSign."""
    past = DEMO_PAST if settings.PORTAL_MODE == "demo" else timedelta()
    try:
        return keeper().ensure(clock.now() - past)
    except (KeysUnavailable, KeysRefused) as error:
        raise CannotSign(str(error)) from error


def rotate(actor_id: str) -> Rotation:
    """Make a new key and record it, with the old key's word for it. Raises CannotSign."""
    try:
        made = keeper().rotate(clock.now())
    except (KeysUnavailable, KeysRefused) as error:
        raise CannotSign(str(error)) from error
    with transaction.atomic():
        record(
            STREAM,
            "key.rotated",
            actor_id,
            before={"key": made.old.id},
            after={"key": made.new.id, "public": base64.b64encode(made.new.public).decode()},
            data={"endorsement": base64.b64encode(made.endorsement).decode()},
        )
    return made


def exported() -> dict[str, Any]:
    """The public keys as JSON, to be handed to an auditor: a verifier takes this very document.

    A key that came by rotation carries the signature of the one before it (`endorsement`, over
    `hmhp-portal next signing key\\n` and the 32 public bytes), so that an older copy leads to it.
    """
    turns = {e.after["key"]: e for e in Event.objects.filter(stream=STREAM, kind="key.rotated") if e.after}
    return {
        "format": "hmhp-portal public keys 1",
        "algorithm": "Ed25519",
        "keys": [_entry(key, turns.get(key.id)) for key in public_keys()],
    }


def _entry(key: PublicKey, turn: Event | None) -> dict[str, Any]:
    until = key.valid_until
    return {
        "id": key.id,
        "public_key": base64.b64encode(key.public).decode(),
        "valid_from": key.valid_from.isoformat(),
        "valid_until": until.isoformat() if until else None,
        "endorsed_by": (turn.before or {}).get("key") if turn else None,
        "endorsement": turn.data.get("endorsement") if turn else None,
    }


@functools.cache
def _opened(kind: str, options: tuple[tuple[str, str], ...]) -> KeyKeeper:
    return open_keeper(kind, dict(options))


def keeper() -> KeyKeeper:
    """The keeper that the settings name; one for a process, so that its key is read once."""
    return _opened(settings.PORTAL_KEY_KEEPER, tuple(sorted(settings.PORTAL_KEY_SETTINGS.items())))


def read_exported(document: Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """The keys in a document that `exported` gave out earlier.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    return tuple(
        PublicKey(
            entry["id"],
            base64.b64decode(entry["public_key"], validate=True),
            datetime.fromisoformat(entry["valid_from"]),
            datetime.fromisoformat(entry["valid_until"]) if entry["valid_until"] else None,
        )
        for entry in document["keys"]
    )
