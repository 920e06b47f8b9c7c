"""The nursery: imports the portal's code once and forks its processes from itself.

    python -m hmhp_portal.nursery SOCKET

Web, workers, beat and the preparation are the same code: imported once, each of them is there in a tenth of
the time, also when it is started again after a death, and they share the memory of what they imported. The
launcher starts it first and asks it by `hmhp_portal.forked`. It holds no connection and no thread, because
neither outlives a fork. Without it, or where its environment is not the one asked for, the launcher starts
the same command lines the long way.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import runpy
import signal
import socket
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import django
from django.conf import settings

from hmhp_portal.embedded.child import be_called, end_with
from hmhp_portal.forked import ANSWER_SECONDS, GO, REQUEST_BYTES
from hmhp_portal.settings.environment import read_environment

IMPORTED = (
    "hmhp_portal.urls",
    "hmhp_portal.beat",
    "hmhp_portal.routing",
    "hmhp_portal.shedding.connections",
    "hmhp_portal.shedding.lanes",
    "hmhp_portal.shedding.sockets",
    "hmhp_portal.socket_user",
    "hmhp_portal.management.commands.prepare",
    "channels.routing",
    "channels.security.websocket",
    "celery.bin.celery",
    "celery.apps.worker",
    "celery.apps.beat",
    "celery.worker.worker",
    "celery.worker.consumer",
    "celery.concurrency.thread",
    "kombu.transport.redis",
    "redis.asyncio",
    "uvicorn.lifespan.off",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
    "psycopg_pool",
)
"""What the processes import in any case, beside Django's apps, the tasks and the middleware. Not `asgi`: it
reads the static files, which may not be there yet."""
OF_ONE_PROCESS = frozenset({"PORTAL_READY_FILE"})
"""What the environment may say to one process alone: it is read anew after the fork."""
MOST_DESCRIPTORS = 8
ADOPTION_SECONDS = 2.0


@dataclass(frozen=True)
class Wanted:
    """A process to be: what the launcher asked for, and the descriptors that came with it."""

    name: str
    arguments: list[str]
    environment: dict[str, str]
    numbers: list[int]
    parent: int
    death_signal: int
    descriptors: list[int]

    @classmethod
    def read(cls, connection: socket.socket) -> Wanted | None:
        """The next request; None where somebody only looked whether anybody listens."""
        text, descriptors, _, _ = socket.recv_fds(connection, REQUEST_BYTES, MOST_DESCRIPTORS)
        # Out of the way of the numbers that they shall have.
        moved = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 100) for number in descriptors]
        for number in descriptors:
            os.close(number)
        return cls(**json.loads(text), descriptors=moved) if text else None

    def close(self) -> None:
        """Let go of its descriptors."""
        for number in self.descriptors:
            os.close(number)


def main() -> None:
    """Serve until SIGTERM; in a child that was asked for: become that process."""
    import_everything()
    wanted = _serve(Path(sys.argv[1]))
    _become(wanted)


def import_everything() -> None:
    """All code of ours and what it stands on, set apart from the collector of garbage."""
    gc.disable()  # what is imported stays: looking for garbage in it takes a tenth of the time
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hmhp_portal.settings")
    django.setup()
    from hmhp_portal.celery import app

    app.finalize()
    app.loader.import_default_modules()
    for name in (*IMPORTED, *(name.rpartition(".")[0] for name in settings.MIDDLEWARE)):
        import_module(name)
    gc.freeze()
    gc.enable()


def _serve(path: Path) -> Wanted:
    """Answer until told to end; returns in a child only, with what it is to be."""
    given = _environment_given()
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        before = os.umask(0o177)
        listener.bind(str(path))
        os.umask(before)
        listener.listen(16)
        while True:
            connection, _ = listener.accept()
            connection.settimeout(ANSWER_SECONDS)
            with connection, contextlib.suppress(OSError, ValueError, TypeError):
                wanted = Wanted.read(connection)
                if wanted is None:
                    continue
                if _fits(given, wanted.environment) and _fork_twice():
                    _report_to_parent(connection, wanted)
                    return wanted
                wanted.close()


def _environment_given() -> dict[str, str]:
    """As this process was started, whatever Python and Django have put there since."""
    rows = Path("/proc/self/environ").read_bytes().split(b"\0")
    pairs = [os.fsdecode(row).partition("=") for row in rows if row]
    return {name: value for name, _, value in pairs}


def _fits(own: dict[str, str], other: dict[str, str]) -> bool:
    """Would the settings, which are read already, be the same?"""
    return {name for name in own.keys() | other.keys() if own.get(name) != other.get(name)} <= OF_ONE_PROCESS


def _fork_twice() -> bool:
    """True in the grandchild, whose parent ends at once."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return False
    if os.fork():
        os._exit(0)
    return True


def _report_to_parent(connection: socket.socket, wanted: Wanted) -> None:
    """Be the launcher's child, end with it, and wait for its word; end where it no longer listens."""
    limit = time.monotonic() + ADOPTION_SECONDS
    try:
        while os.getppid() != wanted.parent and time.monotonic() < limit:
            time.sleep(0.001)
        if end_with(wanted.parent, signal.Signals(wanted.death_signal)):
            connection.send(str(os.getpid()).encode())
            if connection.recv(len(GO)) == GO:
                return
    except OSError:
        pass
    os._exit(1)


def _become(wanted: Wanted) -> None:
    """Run that command line as a Python that was just started would, but for the imports."""
    os.setsid()
    be_called(wanted.name)
    log, *handed_over = wanted.descriptors
    for number, target in ((log, 1), (log, 2), *zip(handed_over, wanted.numbers, strict=True)):
        os.dup2(number, target)
    wanted.close()
    os.environ.update(wanted.environment)
    settings.PORTAL_READY_FILE = read_environment().ready_file
    first, *rest = wanted.arguments
    if first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = wanted.arguments
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main()
