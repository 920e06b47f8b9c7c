"""`demo`, `up` and `dev`: everything running under one supervisor until somebody ends it.

Runs in the virtual environment's Python. Order: PostgreSQL, Redis, agent, beside them the nursery that the
others are forked from; preparation (migrations, platform file, the demo's past), web; then the address is
printed and workers, clock and visitors follow.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hmhp_portal.embedded.postgres import EmbeddedError
from hmhp_portal.launcher import checks, reload, takeover
from hmhp_portal.launcher.cluster import wish
from hmhp_portal.launcher.environment import ROOT
from hmhp_portal.launcher.installation import Installation
from hmhp_portal.launcher.problem import Problem
from hmhp_portal.launcher.processes import PortalProcesses, Services
from hmhp_portal.supervisor import Process, StartFailed, Supervisor

LEFT_OUT = frozenset({"PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE"})
"""Not handed on: other code than ours, and what would make every process compile it again."""


@dataclass(frozen=True)
class Options:
    """What the command line chose."""

    mode: str
    folder: Path
    host: str
    port: int
    fresh: bool = False
    reload: bool = False
    base_url: str = ""
    platform: Path | None = None
    cluster: wish.Wish | None = None

    @property
    def demo(self) -> bool:
        """With demo data and demo accounts?"""
        return self.mode == "demo"


def say(text: str) -> None:
    """One line for the person at the terminal, at once."""
    print(text, flush=True)


def serve(options: Options) -> int:
    """Run until SIGINT or SIGTERM. Returns the exit code; raises Problem for one clear line."""
    began = time.monotonic()
    installation = Installation(options.folder)
    if options.fresh:
        _clear(options, installation)
    listener = checks.listen(options.host, options.port)
    with listener:
        installation.claim(options.mode)
        left = takeover.end_leftovers(installation)
        if left:
            say(f"Ended what an earlier start had left: {', '.join(left)}")
        say(f"Data: {options.folder}")
        cluster = _settled(options, installation)
        try:
            return asyncio.run(_Run(options, installation, listener, began, cluster).run())
        except EmbeddedError as problem:
            raise Problem(str(problem)) from None


def _clear(options: Options, installation: Installation) -> None:
    """Remove what earlier starts made, on a cluster too; a wrong --kubeconfig is told first."""
    try:
        left = installation.read("cluster.json")
    except Problem as problem:
        say(f"What the demo made on a cluster stays there: {problem}")
        left = {}
    if not left and options.cluster is None:
        installation.clear()
        return
    from hmhp_portal.launcher.cluster import settle

    if options.cluster is not None:
        settle.try_out(options.cluster)
    installation.clear()
    if left:
        settle.take_back(left, installation.key, say)


def _settled(options: Options, installation: Installation) -> dict[str, Any]:
    """What holds about the demo's cluster; empty without one, whose client is then not even imported."""
    if not options.demo or (options.cluster is None and not installation.read("cluster.json")):
        return {}
    from hmhp_portal.launcher.cluster import settle

    return settle.settle(installation, options.cluster, say)


class _Run:
    """One life of the portal's processes."""

    def __init__(
        self,
        options: Options,
        installation: Installation,
        listener: socket.socket,
        began: float,
        cluster: dict[str, Any],
    ) -> None:
        self._options = options
        self._cluster = cluster
        self._installation = installation
        self._listener = listener
        self._began = began
        self._first = not (installation.folder / "secrets.json").exists()
        self._services = Services.of(installation)
        self._environment = self._make_environment()

    async def run(self) -> int:
        """Start, tell, watch, end."""
        supervisor = Supervisor(self._tell, lambda found: takeover.remember(self._installation, found))
        try:
            await self._start(supervisor)
            watchers = [supervisor.watch()]
            if self._options.reload:
                watchers.append(reload.on_change(ROOT, supervisor))
            await asyncio.gather(*watchers)
        except StartFailed as problem:
            raise Problem(f"{problem}") from None
        finally:
            say("Ending ...")
            asked = time.monotonic()
            await supervisor.stop()
            (self._installation.folder / "environment.json").unlink(missing_ok=True)
            say(f"Ended after {time.monotonic() - asked:.1f} s.")
            self._say_what_stays()
        return 0

    async def _start(self, supervisor: Supervisor) -> None:
        if self._services.postgres is not None:
            self._say_place()
        self._services.make()
        portal = PortalProcesses(self._services, self._environment, forked=not self._options.reload)
        imports = asyncio.create_task(_import(supervisor, portal.nursery()))
        for spec in self._services.processes():
            await supervisor.start(spec)
        self._installation.write("environment.json", self._own_environment())
        if self._cluster:
            await supervisor.start(portal.cluster_visitors(self._cluster["port"]))
        else:
            await supervisor.start(portal.agent())
        say("Preparing (the first time takes longest)" if self._first else "Preparing")
        await imports
        web = portal.web(self._listener)
        await asyncio.gather(self._prepare(supervisor, portal), supervisor.start(web))
        if not supervisor.stopping:
            self._welcome()
        for spec in portal.background():
            await supervisor.start(spec)
        if self._options.demo and not self._cluster:
            await supervisor.start(portal.visitors())
        if not supervisor.stopping:
            say(f"All processes run ({time.monotonic() - self._began:.1f} s). Ctrl-C ends them.")

    async def _prepare(self, supervisor: Supervisor, portal: PortalProcesses) -> None:
        prepare = portal.prepare(self._prepare_arguments())
        portal.prepared.unlink(missing_ok=True)
        telling = asyncio.get_running_loop().create_task(_tell_progress(prepare.log))
        try:
            await supervisor.start(prepare)
            portal.prepared.touch()
        finally:
            telling.cancel()

    def _say_what_stays(self) -> None:
        if self._cluster:
            say("The example platform stays on the cluster. The next start goes on with it; what removes it:")
            say(f"  ./portal demo --fresh, or {wish.removal(self._cluster, self._installation.key)}")

    def _say_place(self) -> None:
        postgres = self._services.postgres
        assert postgres is not None
        if not str(postgres.place.cluster).startswith(str(self._options.folder)):
            say(
                f"PostgreSQL runs as {postgres.place.account.name if postgres.place.account else 'you'} and "
                f"lives in {postgres.place.cluster.parent}, because {self._options.folder} or the virtual "
                "environment is closed to that account (--fresh removes it)"
            )
        if not (postgres.place.cluster / "PG_VERSION").exists():
            say("Making a database cluster")

    def _make_environment(self) -> dict[str, str]:
        """For the portal's processes: this one's, with the installation's own values put in."""
        own = self._own_environment()
        kept = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
        # Few arenas: threads of one process share their memory instead of each keeping a heap of its own.
        environment = {"MALLOC_ARENA_MAX": "2", "PYTHONUNBUFFERED": "1"} | kept | own
        environment.setdefault("PORTAL_TARGET_DATABASE_URL", environment["DATABASE_URL"])
        return environment

    def _own_environment(self) -> dict[str, str]:
        secrets = self._installation.secrets()
        return self._services.addresses() | {
            "PORTAL_MODE": self._options.mode,
            "PORTAL_DATA_DIR": str(self._options.folder),
            "PORTAL_BASE_URL": self._url(),
            "PORTAL_SECRET_KEY": os.environ.get("PORTAL_SECRET_KEY") or secrets["secret_key"],
            "PORTAL_LOCAL_AGENT_SOCKET": str(self._services.run / "agent.sock"),
            "PORTAL_LOCAL_AGENT_TOKEN": secrets["agent"],
            "PORTAL_DEMO_PASSWORD": secrets["people"] if self._options.demo else "",
        }

    def _url(self) -> str:
        given = self._options.base_url or os.environ.get("PORTAL_BASE_URL", "")
        if given:
            return given.rstrip("/")
        host, port = self._listener.getsockname()[:2]
        shown = "localhost" if host in ("127.0.0.1", "::1", "0.0.0.0", "::") else host  # noqa: S104
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"

    def _prepare_arguments(self) -> list[str]:
        arguments = ["--demo"] if self._options.demo else []
        if self._services.postgres is None:
            arguments.append("--given-database")
        if self._options.platform is not None:
            arguments += ["--platform", str(self._options.platform)]
        return arguments

    def _welcome(self) -> None:
        say("")
        say(f"  The portal is at  {self._url()}   ({time.monotonic() - self._began:.1f} s)")
        for line in self._installation.read("welcome.json").get("lines", []):
            say(f"  {line}")
        say("")

    def _tell(self, text: str) -> None:
        say(f"{time.strftime('%H:%M:%S')} {text}")


async def _import(supervisor: Supervisor, nursery: Process | None) -> None:
    """Have the code imported once, beside the start of the services. Where that fails, nobody forks, and
    the preparation, started by itself, fails in the same way and says why."""
    if nursery is not None:
        with contextlib.suppress(StartFailed):
            await supervisor.start(nursery)


async def _tell_progress(log: Path) -> None:
    """Show the lines that a preparation writes for people, as they come: those that begin with `- `."""
    position = log.stat().st_size if log.exists() else 0
    try:
        while True:
            await asyncio.sleep(0.1)
            position = _show_from(log, position)
    finally:
        _show_from(log, position)


def _show_from(log: Path, position: int) -> int:
    if not log.exists():
        return position
    with log.open("rb") as stream:
        stream.seek(position)
        text = stream.read()
    whole = text[: text.rfind(b"\n") + 1]
    for line in whole.decode(errors="replace").splitlines():
        if line.startswith("- "):
            say(f"  {line}")
    return position + len(whole)
