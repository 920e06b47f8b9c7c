"""Legal holds: what must not be dropped although its time is over. Placed and lifted with a reason."""

from __future__ import annotations

from django.db import transaction

from events import clock
from events.errors import Invalid, NotFound
from events.models import LegalHold
from events.retention import STREAM
from events.services import record


@transaction.atomic
def place(actor_id: str, *, stream: str, reason: str) -> LegalHold:
    """Hold all streams that begin with `stream`, or the whole record when it is empty. Raises Invalid."""
    text = _said(reason)
    hold = LegalHold.objects.create(
        stream=stream.strip(), reason=text, placed_by=actor_id, placed_at=clock.now()
    )
    record(STREAM, "hold.placed", actor_id, after={"hold": hold.pk, "stream": hold.stream}, reason=text)
    return hold


@transaction.atomic
def lift(actor_id: str, number: int, *, reason: str) -> LegalHold:
    """Lift a hold; one that is lifted stays so. Raises NotFound, Invalid without a reason."""
    text = _said(reason)
    hold = LegalHold.objects.select_for_update().filter(pk=number).first()
    if hold is None:
        raise NotFound(f"There is no legal hold {number}.")
    if hold.lifted_at is None:
        hold.lifted_at, hold.lifted_by, hold.lifted_reason = clock.now(), actor_id, text
        hold.save(update_fields=("lifted_at", "lifted_by", "lifted_reason"))
        record(STREAM, "hold.lifted", actor_id, before={"hold": hold.pk, "stream": hold.stream}, reason=text)
    return hold


def _said(reason: str) -> str:
    text = reason.strip()
    if not 1 <= len(text) <= 2_000 or "\x00" in text:
        raise Invalid(
            "A legal hold needs a reason of at most 2,000 characters.", fields={"reason": ["missing"]}
        )
    return text
