"""Who looked at what is confidential: the trail searched, a dossier read, something exported.

One event for the same look of the same person within some minutes, so that turning pages does not fill
the record.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.core.cache import cache
from django.db import transaction

from accounts.actors import Actor
from events import canonical, clock
from events.services import record

SAME_LOOK_SECONDS = 300


def looked(actor: Actor, kind: str, /, **what: Any) -> None:
    """Record that `actor` looked; `kind` such as `audit.searched`, `what` says at what."""
    mark = hashlib.sha256(canonical.dumps([actor.id, kind, what])).hexdigest()
    if not cache.add(f"looked-{mark}", 1, SAME_LOOK_SECONDS):
        return
    with transaction.atomic():
        record(f"access/{clock.now():%Y-%m}", kind, actor.id, data=what)
