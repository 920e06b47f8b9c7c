"""reminders: started by its schedule, writes one notification for appointments that come up.

Also clears what was delivered more than a day ago. Standard library and psycopg.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import psycopg
from psycopg import errors

RELEASE = json.loads(Path(__file__).with_name("release.json").read_text())

ADD = "INSERT INTO notification DEFAULT VALUES"
ADD_WITH_CHANNEL = "INSERT INTO notification (channel) VALUES ('push')"
OLD = "DELETE FROM {} WHERE {} < now() - interval '1 day'"


def remind(url: str) -> None:
    """One run. Raises psycopg.Error."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        connection.execute(ADD_WITH_CHANNEL if RELEASE["behaviour"].get("channel") else ADD)
        connection.execute(OLD.format("delivery", "at"))
        connection.execute(OLD.format("notification", "sent_at"))


if __name__ == "__main__":
    try:
        remind(os.environ["DATABASE_URL"])
        print(f"reminders {RELEASE['version']}: one reminder written")
    except errors.UndefinedTable:
        print("nothing to remind of before the first migration")
