"""What a release and its readiness rest on, as a short text: the same text means the same answer.

In: a version. Out: `releases_state` of the database (releases/migrations/0003_state_version.py), which names
every row that they read by the transaction that wrote it, or by what they read of it. One query. Called by
the API.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def state_version(version: str, now: datetime, *, whole: bool) -> str | None:
    """The text for that moment, of the `whole` release or of its readiness; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT releases_state(%s, %s, %s)", [version, now, whole])
        found: str | None = cursor.fetchone()[0]
    return found
