"""What a release and its readiness rest on, as a short text: the same text means the same rows.

In: a version. Out: `releases_state` of the database (releases/migrations/0003_state_version.py), which names
every row that they read by the transaction that wrote it. One query. Called by the API.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def state_version(version: str, now: datetime) -> str | None:
    """The text for that moment; None where there is no such release."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT releases_state(%s, %s)", [version, now])
        found: str | None = cursor.fetchone()[0]
    return found
