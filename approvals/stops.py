"""Is an emergency stop in force here? Asked by everything that starts or moves something forward.

Lock order: release, run, environment, then the key below (shared by whoever starts, alone by whoever
stops), then the stream's head. So a start in the same instant as a stop either is committed before the
stop exists, or sees it and is refused; and whoever stops waits for no row that a start holds.
"""

from __future__ import annotations

from django.db import connection

from approvals.models import EmergencyStop
from approvals.policy import Action, who_may
from events.errors import Blocker

START_KEY = 7_305_808_869
"""The advisory lock between starts and stops; `deployments` 0003 takes the same number."""


def in_force() -> list[EmergencyStop]:
    """Every stop that is not lifted, the newest first."""
    return list(EmergencyStop.objects.filter(lifted_at=None).select_related("gate"))


_ANY = """
SELECT 1 FROM approvals_emergencystop WHERE lifted_at IS NULL AND environment IN ('', %s) LIMIT 1"""


def stop_of(environment: str) -> EmergencyStop | None:
    """The oldest stop that holds this environment now, or None.

    Every look of every run asks, and nearly always there is none: that is found out without building a query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ANY, [environment])
        if cursor.fetchone() is None:
            return None
    holding = EmergencyStop.objects.filter(lifted_at=None, environment__in=("", environment))
    return holding.order_by("at", "id").first()


def stop_of_start(environment: str) -> EmergencyStop | None:
    """The same for a start: shares the key first, so that no stop can come in until it has committed.

    Needs the caller's transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [START_KEY])
    return stop_of(environment)


def hold_starts() -> None:
    """Wait for starts that are being committed and let no other in until this transaction has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [START_KEY])


def in_words(stop: EmergencyStop) -> str:
    """The stop as a run, a fact and a refusal say it."""
    because = f": {stop.reason.rstrip('.')}" if stop.reason else ""
    return f"An emergency stop of {stop.place} is in force since {stop.at:%Y-%m-%d %H:%M} UTC{because}."


def blocker(stop: EmergencyStop) -> Blocker:
    """The stop as what stands in the way."""
    return Blocker("emergency-stop", in_words(stop), f"{who_may(Action.LIFT_STOP)}, once its gate is signed")
