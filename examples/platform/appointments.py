"""notification-worker and reminders where the target has no database: both look for free appointments.

They ask scheduling in their own colour and say what they found: the schedule once, the worker (which has
EVERY_SECONDS) again and again until SIGTERM. Standard library only.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from service import RELEASE, Unreachable, ask

ending = threading.Event()


def look() -> bool:
    """Ask once and say what came of it."""
    try:
        free = ask("scheduling", "/slots", {})["slots"]
    except Unreachable as error:
        print(f"{RELEASE['component']} {RELEASE['version']}: {error}", flush=True)
        return False
    print(f"{RELEASE['component']} {RELEASE['version']}: {len(free)} free appointments", flush=True)
    return True


def main() -> int:
    """Once, or until asked to end."""
    pause = float(os.environ.get("EVERY_SECONDS", "0"))
    if not pause:
        return 0 if look() else 1
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    while not ending.is_set():
        look()
        ending.wait(pause)
    print("ended with nothing in hand", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
