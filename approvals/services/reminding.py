"""Remind of missing signatures: an event, which notifications tells by mail. Called by sweeps only.

Never from the transaction that signs: who has signed in the same instant is not reminded.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts import actors
from approvals import queries, reminders
from approvals.models import Gate
from approvals.services.gates import re_judge
from approvals.services.locking import about, locked
from approvals.states import GateState, ProposalState
from events import clock
from events.services import record

REMINDER = actors.system("reminder")
OF_A_STOP = Q(stop__isnull=False, stop__lifted_at=None)
OF_A_POLICY = Q(policy_proposal__state=ProposalState.PENDING)


def remind(gate: Gate, *, window_start: datetime | None = None) -> bool:
    """Record a reminder when one is due for a locked, open gate; True when it was."""
    now = clock.now()
    if gate.status != GateState.OPEN or now < _due(gate, window_start):
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


def remind_of_stops_and_rules() -> int:
    """Remind of every stop that waits to be lifted and of a changed policy; returns how many.

    Releases and reviews have sweeps of their own. A stop's gate is judged again first: nobody else does so
    before it is lifted.
    """
    made = 0
    for pk in Gate.objects.filter(OF_A_STOP | OF_A_POLICY, state=GateState.OPEN).values_list("pk", flat=True):
        with transaction.atomic():
            re_judge(pk)
            made += int(remind(locked(pk)))
    return made


def _due(gate: Gate, window_start: datetime | None) -> datetime:
    last = gate.reminded_at or gate.opened_at
    if hasattr(gate, "stop"):
        return reminders.next_of_a_stop(last, gate.reminders)
    return reminders.next_at(last, window_start)
