"""Every use of an exception that the policy declares is kept and told. Called by `signing` and at a start."""

from __future__ import annotations

from accounts.models import User
from approvals.models import ExceptionUse, Gate
from approvals.rules import EXCEPTIONS
from approvals.services.locking import about
from events import clock
from events.services import record


def use_exception(gate: Gate, name: str, person: User) -> None:
    """Count one use, in the caller's transaction; the gate's frozen rule must declare it."""
    reason = gate.exceptions[name]
    ExceptionUse.objects.create(gate=gate, exception=name, reason=reason, person=person, at=clock.now())
    record(
        gate.stream,
        "exception.used",
        person.actor_id,
        after={"exception": name, "sentence": EXCEPTIONS[name]},
        reason=reason,
        data=about(gate),
    )
