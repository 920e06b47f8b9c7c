"""Commands beside a running portal, or without one: `manage`, `bench`, `stop`.

Where the installation runs, its own addresses are used. Where it does not, its services are started for
the length of the command. A folder without an installation gets no services: commands that need none
(`help`, `digest`, `platform_schema`) still work.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from hmhp_portal.embedded.child import end_with_parent
from hmhp_portal.embedded.postgres import EmbeddedError
from hmhp_portal.launcher import takeover
from hmhp_portal.launcher.environment import ROOT
from hmhp_portal.launcher.installation import Installation
from hmhp_portal.launcher.problem import Problem
from hmhp_portal.launcher.processes import Services
from hmhp_portal.supervisor import StartFailed, Supervisor

STOP_SECONDS = 15


def run(folder: Path, command: Sequence[str]) -> int:
    """Run a script of ours in the environment of the installation; returns its exit code."""
    installation = Installation(folder)
    arguments = [sys.executable, *command]
    if installation.holder() is not None:
        return _replace(arguments, _wait_for_environment(installation))
    if not installation.is_made:
        return _replace(arguments, {})
    installation.claim(str(installation.read("installation.json").get("mode", "up")))
    takeover.end_leftovers(installation)
    try:
        return asyncio.run(_with_services(installation, arguments))
    except (EmbeddedError, StartFailed) as problem:
        raise Problem(str(problem)) from None


def stop(folder: Path) -> int:
    """End the launcher that holds the folder, and wait until it has ended."""
    installation = Installation(folder)
    holder = installation.holder()
    if holder is None:
        print(f"Nothing runs on {folder}.")
        return 0
    if holder:
        os.kill(holder, signal.SIGTERM)
    limit = time.monotonic() + STOP_SECONDS
    while installation.holder() is not None:
        if time.monotonic() > limit:
            raise Problem(f"the portal on {folder} (process {holder}) does not end.")
        time.sleep(0.1)
    print(f"Ended the portal on {folder}.")
    return 0


def _wait_for_environment(installation: Installation) -> dict[str, str]:
    """A running launcher writes it as soon as its services answer."""
    limit = time.monotonic() + 60
    while True:
        found = installation.read("environment.json")
        if found or installation.holder() is None:
            return dict(found)
        if time.monotonic() > limit:
            raise Problem(f"the portal on {installation.folder} is starting; try again when it runs.")
        time.sleep(0.2)


def _replace(arguments: list[str], own: dict[str, str]) -> int:
    """Become the command, in the folder where it was called: its signals and its exit code are ours."""
    sys.stdout.flush()
    os.execve(arguments[0], arguments, _environment(own))


def _environment(own: dict[str, str]) -> dict[str, str]:
    return os.environ | own | {"PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "hmhp_portal.settings"}


async def _with_services(installation: Installation, arguments: list[str]) -> int:
    services = Services.of(installation)
    services.make()
    secrets = installation.secrets()
    own = services.addresses() | {
        "PORTAL_MODE": str(installation.read("installation.json")["mode"]),
        "PORTAL_DATA_DIR": str(installation.folder),
        "PORTAL_SECRET_KEY": os.environ.get("PORTAL_SECRET_KEY") or secrets["secret_key"],
        "PORTAL_LOCAL_AGENT_SOCKET": str(services.run / "agent.sock"),
        "PORTAL_LOCAL_AGENT_TOKEN": secrets["agent"],
    }
    supervisor = Supervisor(
        lambda text: print(text, file=sys.stderr), lambda found: takeover.remember(installation, found)
    )
    try:
        for spec in services.processes():
            await supervisor.start(spec)
        child = subprocess.Popen(arguments, env=_environment(own), preexec_fn=end_with_parent(signal.SIGTERM))
        while child.poll() is None and not supervisor.stopping:
            await asyncio.sleep(0.05)
        if child.poll() is None:
            child.terminate()
        return child.wait()
    finally:
        await supervisor.stop()
