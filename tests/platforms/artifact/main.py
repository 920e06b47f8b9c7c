# ruff: noqa: T201  (what it prints is what is tested)
"""A component for tests: http services that do what their paths say, a worker or a schedule.

Laid out as an artefact by `agent_fixture.py`; `role` is its first argument.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def http() -> None:
    from web import serve  # workers, schedules and jobs start quicker without

    serve()


def sockets() -> None:
    from sockets import serve  # needs more than Python's own, which takes five times as long to import

    serve()


def worker() -> None:
    """Writes its slot to a shared file when it begins and when it has ended."""
    journal = Path(os.environ["JOURNAL"])

    def end(*_: object) -> None:
        time.sleep(float(os.environ.get("END_SECONDS", "0")))
        note("ended")
        sys.exit(0)

    def note(what: str) -> None:
        with journal.open("a") as file:
            file.write(f"{what} {os.environ['SLOT']}\n")

    signal.signal(signal.SIGTERM, end)
    note("began")
    while True:
        signal.pause()


def schedule() -> None:
    with Path(os.environ["JOURNAL"]).open("a") as file:
        file.write(f"ran {os.environ['SLOT']}\n")


def crash() -> None:
    print("no configuration found", flush=True)
    sys.exit(1)


def parent() -> None:
    """Ends and leaves a process behind that holds its output and ignores SIGTERM."""
    subprocess.Popen([sys.executable, __file__, "stubborn"])
    print("left one behind", flush=True)


def stubborn() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pause()


def job() -> None:
    """What a job does is its second argument."""
    what = sys.argv[2]
    print(json.dumps({"slot": os.environ["SLOT"], "url": os.environ.get("WEB_URL", "")}), flush=True)
    if what == "wait":
        signal.pause()
    with Path(os.environ["JOURNAL"]).open("a") as file:
        file.write(f"job {what}\n")
    if what == "much":
        print("\n".join(f"line {number}" for number in range(5_000)))
    if what == "fail":
        print("column does not exist")
        sys.exit(3)


if __name__ == "__main__":
    roles = (http, sockets, worker, schedule, crash, parent, stubborn, job)
    {role.__name__: role for role in roles}[sys.argv[1]]()
