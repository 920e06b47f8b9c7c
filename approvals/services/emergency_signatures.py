"""What somebody signs who acts in an emergency, each with the seal or scope, the reason and the factor's age.

Called by `breaking`, `stopping`, `reviews` and `releases.services.overriding`, inside the transaction of the
act; a row of the act names what was signed, so that there is none without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from accounts.actors import Actor
from accounts.roles import Role
from approvals.models import BreakGlass, EmergencyStop, Gate, Review, SignedAct
from approvals.services.signatures import ACTS_OF, ROWS, keep_signed

BROKEN_GLASS, LATE_ENTRY, FREEZE_OVERRIDE = "break-glass", "late-entry", "freeze-override"
STOP_LIFT, FOLLOW_UP = "stop-lift", "review-follow-up"
MEANINGS = {
    BROKEN_GLASS: "broke the glass: one signature is enough, and whoever was passed over reviews it",
    LATE_ENTRY: "recorded what was done past the portal",
    FREEZE_OVERRIDE: "let this release pass the named freezes",
    STOP_LIFT: "let forward moves and starts go on",
    FOLLOW_UP: "named what follows a review that said no-go",
}


def keep_emergency(
    act: str,
    *,
    actor: Actor,
    role: Role,
    reason: str,
    at: datetime,
    stream: str,
    factors: Mapping[str, Any],
    gate: Gate | None = None,
    **says: Any,
) -> SignedAct:
    """Sign and keep one emergency act; `says` is its seal or scope and whatever else it states."""
    age = at - datetime.fromisoformat(factors["factor_at"])
    return keep_signed(
        act,
        actor=actor,
        meaning=MEANINGS[act],
        at=at,
        stream=stream,
        factors=factors,
        gate=gate,
        says={**_who(role, reason), "factor_age_seconds": max(0, int(age.total_seconds())), **says},
    )


def _who(role: Role | str, reason: str) -> dict[str, Any]:
    return {"role": str(role), "role_name": Role(role).label, "reason": reason}


def _rows_of_glass(act: SignedAct) -> list[dict[str, Any]]:
    return [
        _who(row.role, row.reason)
        | {"seal": row.seal, "factors": row.factors, "happened_at": row.at.astimezone(UTC).isoformat()}
        | _signed_by(row.person.actor_id)
        for row in BreakGlass.objects.filter(signed_act=act).select_related("person")
    ]


def _rows_of_stop(act: SignedAct) -> list[dict[str, Any]]:
    return [
        {"reason": row.lifted_reason, "scope": row.place, "factors": row.lifted_factors}
        | {"at": row.lifted_at.astimezone(UTC).isoformat() if row.lifted_at else ""}
        | _signed_by(row.lifted_by)
        for row in EmergencyStop.objects.filter(lift_act=act)
    ]


def _rows_of_review(act: SignedAct) -> list[dict[str, Any]]:
    return [{"reason": row.follow_up} for row in Review.objects.filter(follow_up_act=act)]


def _signed_by(actor_id: str) -> dict[str, Any]:
    return {"signer_id": actor_id}


ROWS.update(
    {
        BROKEN_GLASS: _rows_of_glass,
        LATE_ENTRY: _rows_of_glass,
        STOP_LIFT: _rows_of_stop,
        FOLLOW_UP: _rows_of_review,
    }
)


ACTS_OF.extend(
    (
        (BreakGlass, "signed_act", frozenset({BROKEN_GLASS, LATE_ENTRY}), Q()),
        (EmergencyStop, "lift_act", frozenset({STOP_LIFT}), Q(lifted_at__isnull=False)),
        (Review, "follow_up_act", frozenset({FOLLOW_UP}), ~Q(follow_up="")),
    )
)


def freezes_as_signed(overrides: Sequence[Any]) -> list[dict[str, Any]]:
    """Each freeze by number and name, with the span that may be passed."""
    return [
        {
            "freeze": one.freeze_id,
            "name": one.freeze.name,
            "start": one.span_start.astimezone(UTC).isoformat(),
            "end": one.span_end.astimezone(UTC).isoformat(),
        }
        for one in overrides
    ]
