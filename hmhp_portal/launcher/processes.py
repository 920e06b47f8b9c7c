"""The portal's processes: what each is called, how it is run, how it shows that it is ready.

Comes in: an installation, the options, the addresses. Goes out: `Process` objects for the supervisor,
in the order of their start. Called by `serve` and by the commands that need the services alone.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from hmhp_portal.embedded.child import can_adopt
from hmhp_portal.embedded.postgres import EmbeddedPostgres
from hmhp_portal.embedded.valkey import EmbeddedValkey
from hmhp_portal.forked import answers
from hmhp_portal.launcher import postgres_place
from hmhp_portal.launcher.environment import ROOT
from hmhp_portal.launcher.installation import Installation
from hmhp_portal.supervisor import Probe, Process

SERVICES, AGENT, PORTAL = range(3)
"""Stages: a higher one ends first. Their limits together stay under the ten seconds of a stop."""
SERVICES_STOP_SECONDS, STOP_SECONDS = 2.5, 3.0
PREPARE_SECONDS = 900.0


@dataclass
class Services:
    """The services of one installation: its own, or those that the environment names."""

    installation: Installation
    run: Path
    postgres: EmbeddedPostgres | None
    valkey: EmbeddedValkey | None

    @classmethod
    def of(cls, installation: Installation) -> Services:
        """Own PostgreSQL where DATABASE_URL is not set, own Valkey where REDIS_URL is not set."""
        run, secrets = installation.run_folder(), installation.secrets()
        postgres = valkey = None
        if not os.environ.get("DATABASE_URL"):
            place = postgres_place.choose(installation, run)
            postgres = EmbeddedPostgres(place, secrets["database"], secrets["target_database"])
        if not os.environ.get("REDIS_URL"):
            folder = installation.folder / "valkey"
            valkey = EmbeddedValkey(folder, run / "kv.sock", secrets["redis"])
        return cls(installation, run, postgres, valkey)

    def make(self) -> bool:
        """Make what is missing on the disk; True where the database was made now."""
        if self.valkey is not None:
            self.valkey.make()
        if self.postgres is None:
            return False
        made = self.postgres.make()
        self.postgres.prepare_socket_dir()
        return made

    def addresses(self) -> dict[str, str]:
        """DATABASE_URL, REDIS_URL and the address for deployed services."""
        found = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
        if self.postgres is not None:
            found["DATABASE_URL"] = self.postgres.url()
            found["PORTAL_TARGET_DATABASE_URL"] = self.postgres.target_url()
        if self.valkey is not None:
            found["REDIS_URL"] = self.valkey.url()
        return found

    def processes(self) -> list[Process]:
        """The servers of our own, PostgreSQL first."""
        logs = self.installation.folder / "logs"
        bare = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
        found = []
        if self.postgres is not None:
            # SIGINT is PostgreSQL's fast and clean end; on SIGTERM it waits for its clients.
            postgres = Process("postgres", self.postgres.command(), bare, logs / "postgres.log")
            ends = replace(postgres, stop_signal=signal.SIGINT, death_signal=signal.SIGINT)
            account = self.postgres.place.account
            found.append(replace(ends, ready=self.postgres.ready, account=account))
        if self.valkey is not None:
            redis = Process("redis", self.valkey.command(), bare, logs / "redis.log", self.valkey.ready)
            found.append(replace(redis, death_signal=signal.SIGTERM))
        return [replace(process, stop_seconds=SERVICES_STOP_SECONDS) for process in found]


WORKER_OPTIONS = ("--pool", "threads", "--without-gossip", "--without-mingle", "--without-heartbeat")
"""How every worker runs: in threads, since it waits for others, and silent, since no worker asks another."""


class PortalProcesses:
    """The portal's own processes on top of its services."""

    def __init__(self, services: Services, environment: dict[str, str], *, forked: bool = True) -> None:
        """`forked`: by a nursery, with the code as it was when that began."""
        self._services = services
        self._environment = environment
        self._folder = services.installation.folder
        self._nursery = services.run / "nursery.sock" if forked and can_adopt() else None

    def nursery(self) -> Process | None:
        """The one that the others are forked from; None where each is started by itself."""
        if self._nursery is None:
            return None
        command = [sys.executable, "-m", "hmhp_portal.nursery", str(self._nursery)]
        nursery = self._process("nursery", command, partial(answers, self._nursery), AGENT)
        return replace(nursery, nursery=None)

    def agent(self) -> Process:
        """The one that owns the deployed processes and their proxies; ends them when it ends."""
        run = self._services.run
        token = _secret_file(run / "agent.token", self._services.installation.secrets()["agent"])
        address = _secret_file(run / "target.url", self._environment["PORTAL_TARGET_DATABASE_URL"])
        wire = run / "agent.sock"
        command = [sys.executable, "-m", "platforms.local.agent", "--socket", str(wire)]
        command += ["--token-file", str(token), "--state-dir", str(self._folder / "agent")]
        command += ["--database-url-file", str(address)]
        agent = self._process("agent", command, lambda: _answers(wire), AGENT)
        return replace(agent, death_signal=signal.SIGTERM, nursery=None)

    def prepare(self, arguments: list[str]) -> Process:
        """Migrations, static files, platform file and, in the demo, its past: one process, one import."""
        command = [sys.executable, "manage.py", "prepare", *arguments]
        return replace(self._process("prepare", command, None), once=True, ready_seconds=PREPARE_SECONDS)

    @property
    def prepared(self) -> Path:
        """The file that says that the preparation is over."""
        return self._services.run / "prepared"

    def web(self, listener: socket.socket) -> Process:
        """Pages, API and WebSockets, on the socket that the launcher holds; imported before it serves."""
        number = listener.fileno()
        command = [sys.executable, "-m", "hmhp_portal.web", "--fd", str(number)]
        command += ["--after", str(self.prepared)]
        host, port = listener.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
        web = self._process("web", command, lambda: _serves(host, port))
        limit = PREPARE_SECONDS + web.ready_seconds
        return replace(web, pass_fds=(number,), ready_seconds=limit)

    def background(self) -> list[Process]:
        """Two workers and the clock. Sweeps have a worker of their own: no work can stand before them."""
        # Django's checks would import every page and endpoint, a third of a worker's start; CI runs them.
        celery = [sys.executable, "-m", "celery", "--skip-checks", "-A"]
        worker = [*celery, "hmhp_portal.celery", "worker", *WORKER_OPTIONS]
        return [
            self._worker("worker", [*worker, "-c", "6", "-Q", "engine,celery,mail", "-n", "work@%h"]),
            self._worker("control", [*worker, "-c", "2", "-Q", "control", "-n", "control@%h"]),
            self._process("beat", [*celery, "hmhp_portal.beat", "beat", "--pidfile="], None),
        ]

    def visitors(self) -> Process:
        """The demo's gentle traffic."""
        addresses = self._folder / "agent" / "addresses.json"
        command = [sys.executable, "examples/visitors.py", "--addresses", str(addresses)]
        return replace(self._process("visitors", command, None), nursery=None)

    def cluster_visitors(self, port: int) -> Process:
        """The same on a cluster; they answer the portal at that port, so they come before anything looks."""
        command = [sys.executable, "examples/cluster_visitors.py"]
        command += ["--cluster", str(self._folder / "cluster.json")]
        visitors = self._process("visitors", command, partial(_listens, port), AGENT)
        return replace(visitors, nursery=None)

    def _worker(self, name: str, command: list[str]) -> Process:
        mark = self._services.run / f"{name}.ready"
        worker = self._process(name, command, mark.exists)
        environment = worker.environment | {"PORTAL_READY_FILE": str(mark)}
        forget = partial(mark.unlink, missing_ok=True)
        return replace(worker, environment=environment, before=forget)

    def _process(self, name: str, command: list[str], ready: Probe | None, stage: int = PORTAL) -> Process:
        log = self._folder / "logs" / f"{name}.log"
        bare = Process(name, command, self._environment, log, ready, nursery=self._nursery)
        return replace(bare, stage=stage, stop_seconds=STOP_SECONDS, directory=str(ROOT))


def _secret_file(path: Path, text: str) -> Path:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w") as stream:
        stream.write(text)
    return path


def _answers(path: Path) -> bool:
    """Does somebody listen on that Unix socket?"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def _listens(port: int) -> bool:
    """Does somebody listen on that port of this machine?"""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


async def _serves(host: str, port: int) -> bool:
    """Does the web process answer, with its database and cache? (The socket itself always accepts.)"""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return (await reader.readline()).startswith(b"HTTP/1.1 200")
            finally:
                writer.close()
    except OSError:  # TimeoutError is one
        return False
