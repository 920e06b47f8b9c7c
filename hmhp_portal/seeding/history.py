"""What the demo's past consists of: which releases there were, when, and how they ended.

Pure data. Versions are CalVer by the month in which a release went to production, counted from 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Past:
    """One release of the past. `days_ago` is when its window opened, at `hour` UTC.

    `brings` are the components' versions that it brought. `error_share` is what its green failed of
    the requests; a release whose green was bad was rolled back, with `cause` and `lessons`.
    """

    days_ago: int
    hour: int
    kind: str
    title: str
    notes: str
    brings: Mapping[str, str]
    error_share: float = 0.0002
    migration: str = "none"
    cause: str = ""
    lessons: str = ""
    actions: tuple[str, ...] = field(default=())
    follows: bool = False

    def opens(self, now: datetime) -> datetime:
        """When its production window opened."""
        day = (now - timedelta(days=self.days_ago)).replace(minute=0, second=0, microsecond=0)
        return day.replace(hour=self.hour)


HISTORY: tuple[Past, ...] = (
    Past(
        86,
        5,
        "feature",
        "Waiting room for group sessions",
        "Clinicians open a waiting room before a group session; patients see who is already there.",
        {
            "patient-web": "5.1.0",
            "scheduling": "3.6.0",
            "records": "2.3.0",
            "notification-worker": "2.1.0",
            "reminders": "1.2.0",
        },
        migration="expand",
    ),
    Past(
        72,
        5,
        "bugfix",
        "Time of a moved appointment in the reminder",
        "A reminder names the new time when an appointment moves across midnight.",
        {"reminders": "1.2.1"},
    ),
    Past(
        58,
        4,
        "feature",
        "Calmer sign-in for patients",
        "One question a page, the crisis line on each of them.",
        {"patient-web": "5.2.0", "scheduling": "3.7.0"},
    ),
    Past(
        51,
        6,
        "security",
        "Session cookie limited to the patient site",
        "The cookie of a session is no longer sent to sub-domains.",
        {"patient-web": "5.2.1"},
    ),
    Past(
        31,
        5,
        "feature",
        "Booking of follow-up sessions",
        "A follow-up is booked at the end of a session, with the same clinician.",
        {"patient-web": "5.3.0", "scheduling": "3.7.3", "records": "2.4.0"},
        error_share=0.034,
        migration="expand",
        cause="Booking opened a new database connection for each free slot; under the traffic of the first "
        "weight the pool ran dry and requests failed.",
        lessons="Load on staging used ten clinicians. With two hundred the same test fails within a minute.",
        actions=("Load test with two hundred clinicians", "Alert on waiting for the connection pool"),
    ),
    Past(
        24,
        5,
        "feature",
        "Booking of follow-up sessions, with one connection a request",
        "A follow-up is booked at the end of a session, with the same clinician.",
        {"patient-web": "5.3.0", "scheduling": "3.7.4", "records": "2.4.0"},
        migration="expand",
        follows=True,
    ),
    Past(
        11,
        5,
        "bugfix",
        "Right names in the calendar export",
        "The calendar export names the clinic instead of its number.",
        {"patient-web": "5.3.1", "notification-worker": "2.2.0", "reminders": "1.3.0"},
    ),
)


def latest(count: int) -> tuple[Past, ...]:
    """The last so many releases; the first of them brings what those before it had brought, too."""
    left_out, (first, *others) = HISTORY[:-count], HISTORY[-count:]
    before = {name: number for past in left_out if not past.cause for name, number in past.brings.items()}
    return (replace(first, brings=before | dict(first.brings)), *others)


def versions(moments: Iterable[datetime]) -> list[str]:
    """A CalVer version for each moment, counted within its month in the order given."""
    counted: dict[str, int] = {}
    found = []
    for moment in moments:
        month = f"{moment.year}.{moment.month}"
        found.append(f"{month}.{counted.setdefault(month, 0)}")
        counted[month] += 1
    return found
