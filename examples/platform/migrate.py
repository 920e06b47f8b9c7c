"""Schema migrations of the platform's database: `migrate.py expand | contract`.

Runs the SQL files of that phase which lie in the artefact and have not run in this environment yet,
in the order of their names, each in a transaction of its own together with the note that it ran.
Two at once (two regions share a database) wait for each other.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psycopg

LOCK = 7_406_513
"""The advisory lock's number, of our own choice."""


def migrate(phase: str, url: str) -> None:
    """Run what has not run yet. Raises psycopg.Error; a step that fails leaves no trace."""
    folder = Path(__file__).with_name("migrations") / phase
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_step (name text PRIMARY KEY, at timestamptz DEFAULT now())"
        )
        rows = connection.execute("SELECT name FROM schema_step").fetchall()
        done = {row[0] for row in rows}
        for path in sorted(folder.glob("*.sql")):
            name = f"{phase}/{path.stem}"
            if name in done:
                print(f"{name}: has run before")
                continue
            with connection.transaction():
                connection.execute(path.read_bytes())
                connection.execute("INSERT INTO schema_step (name) VALUES (%s)", [name])
            print(f"{name}: done")


def main() -> int:
    """Read the phase and say what failed in one line."""
    if len(sys.argv) != 2 or sys.argv[1] not in ("expand", "contract"):
        print("usage: migrate.py expand|contract")
        return 2
    try:
        migrate(sys.argv[1], os.environ["DATABASE_URL"])
    except psycopg.Error as error:
        print(f"failed: {' '.join(str(error).split())}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
