"""The head of the signed chain as a document that leaves the machine, and its reading back.

Who keeps it elsewhere can tell later whether the record is a continuation of what stood then.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from events import keys
from events.models import Checkpoint

FORMAT = "hmhp-portal audit head 1"


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint as somebody outside kept it."""

    number: int
    hash: str
    signed: keys.Signed


class NotAHead(ValueError):
    """The file is no head that this portal gave out; the text says why."""


def written(checkpoint: Checkpoint) -> str:
    """The document: the checkpoint's signed text, its hash, and the signature."""
    document = {
        "format": FORMAT,
        "number": checkpoint.number,
        "at": json.loads(checkpoint.text)["at"],
        "hash": checkpoint.hash,
        "text": checkpoint.text,
        "key": checkpoint.key_id,
        "signature": checkpoint.signature,
    }
    return json.dumps(document, indent=2) + "\n"


def read(text: str) -> Head:
    """The head in that document; raises NotAHead. Its signature is judged by `verifying`."""
    try:
        found: dict[str, Any] = json.loads(text)
        if found["format"] != FORMAT:
            raise NotAHead(f"The format is {found['format']!r}, not {FORMAT!r}.")
        signed = keys.Signed(found["text"], found["key"], found["signature"])
        head = Head(int(json.loads(signed.text)["number"]), str(found["hash"]), signed)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise (
            error if isinstance(error, NotAHead) else NotAHead("It is not a head of an audit trail.")
        ) from error
    if hashlib.sha256(signed.text.encode()).hexdigest() != head.hash:
        raise NotAHead("Its hash does not fit its text.")
    return head
