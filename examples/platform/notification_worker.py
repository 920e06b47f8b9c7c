"""notification-worker: sends notifications that wait in the environment's database.

Takes one at a time, under a row lock, and marks it sent in the same transaction: a worker that is
killed gives it back untouched, one that is asked to end (SIGTERM) finishes the one in hand. So each
is sent exactly once, also while two colours hand over.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors

RELEASE = json.loads(Path(__file__).with_name("release.json").read_text())
IDLE_SECONDS = 0.5
WORK_SECONDS = float(os.environ.get("WORK_SECONDS", "0.01"))
"""How long sending one takes."""

TAKE = """
    SELECT id, number FROM notification WHERE sent_at IS NULL
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""

ending = threading.Event()


def send_one(connection: psycopg.Connection[Any]) -> bool:
    """Send the oldest that nobody has in hand; False when there is none."""
    with connection.transaction():
        row = connection.execute(TAKE).fetchone()
        if row is None:
            return False
        time.sleep(WORK_SECONDS)
        connection.execute(
            "INSERT INTO delivery (notification_id, number, slot, region) VALUES (%s, %s, %s, %s)",
            [row[0], row[1], os.environ["SLOT"], os.environ["REGION"]],
        )
        connection.execute("UPDATE notification SET sent_at = now() WHERE id = %s", [row[0]])
    return True


def work(url: str) -> None:
    """Send until asked to end. Raises psycopg.Error when the database goes away."""
    sent = 0
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        while not ending.is_set():
            try:
                found = send_one(connection)
            except errors.UndefinedTable:
                found = False  # the first migration has not run here yet
            sent += found
            if not found:
                ending.wait(IDLE_SECONDS)
            elif sent % 100 == 0:
                print(f"{sent} notifications sent", flush=True)
    print(f"ended with nothing in hand, {sent} sent", flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    print(f"notification-worker {RELEASE['version']} works for {os.environ['SLOT']}", flush=True)
    work(os.environ["DATABASE_URL"])
