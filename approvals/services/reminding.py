"""Remind of missing signatures: an event, which notifications tells by mail. Called by sweeps only.

Never from the transaction that signs: who has signed in the same instant is not reminded.
"""

from __future__ import annotations

from datetime import datetime

from accounts import actors
from approvals import queries, reminders
from approvals.models import Gate
from approvals.services.locking import about
from approvals.states import GateState
from events import clock
from events.services import record

REMINDER = actors.system("reminder")


def remind(gate: Gate, *, window_start: datetime | None = None) -> bool:
    """Record a reminder when one is due for a locked, open gate; True when it was."""
    now = clock.now()
    last = gate.reminded_at or gate.opened_at
    if gate.status != GateState.OPEN or now < reminders.next_at(last, window_start):
        return False
    waiting = [row for row in queries.standing(gate) if row.state == "waiting"]
    gate.reminders, gate.reminded_at = gate.reminders + 1, now
    gate.save(update_fields=("reminders", "reminded_at"))
    record(
        gate.stream,
        "signoff.reminder",
        REMINDER.id,
        after={
            "reminder": gate.reminders,
            "level": reminders.level(gate.reminders - 1, now, window_start),
            "waiting": [{"role": row.role, "who_can": list(row.who_can)} for row in waiting],
        },
        data=about(gate),
    )
    return True
