"""More than one of each beside a running portal: a second web process, two workers, a beat by mistake."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hmhp_portal.launcher.processes import WORKER_OPTIONS
from tests.faults.caller import PatientCaller
from tests.notifications.mail_server import free_port
from tests.portal_process import fork_beside

if TYPE_CHECKING:
    from tests.faults.storm import Site

CELERY = ["-m", "celery", "--skip-checks", "-A"]
WORKER = [*CELERY, "hmhp_portal.celery", "worker", *WORKER_OPTIONS]


@contextmanager
def more_of_each(site: Site) -> Iterator[None]:
    """For the length of the block; every second caller talks to the second web process."""
    port = free_port()
    commands = [
        ["-m", "hmhp_portal.web", "--port", str(port)],
        [*WORKER, "-c", "4", "-Q", "engine,celery,mail", "-n", "second@%h"],
        [*WORKER, "-c", "4", "-Q", "engine,celery,mail,control", "-n", "third@%h"],
        [*CELERY, "hmhp_portal.beat", "beat", "--pidfile=", "-s", str(site.folder / "second-beat")],
    ]
    children = [fork_beside(site.data, command, site.folder / "crowd.log") for command in commands]
    try:
        for name in sorted(site.callers)[::2]:
            site.callers[name] = PatientCaller(
                f"http://localhost:{port}", site.callers[name].token, site.callers[name].app
            )
        yield
    finally:
        for child in children:
            child.send_signal(signal.SIGTERM)
        limit = time.monotonic() + 10
        while any(child.poll() is None for child in children) and time.monotonic() < limit:
            time.sleep(0.05)
        for child in children:
            child.send_signal(signal.SIGKILL)
            child.wait()
