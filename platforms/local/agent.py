"""The local agent: `python -m platforms.local.agent --socket S --token-file F --state-dir D`.

One per installation, a child of the supervisor. It owns the processes, jobs and proxies of all
targets and answers the driver on a unix socket; the portal's web, worker and beat may die under
it. It keeps what is wanted in its state file and has it again after a restart. It ends all its
children when it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

from platforms.base import PlatformRefused
from platforms.local.api import Api
from platforms.local.artifacts import ArtifactStore
from platforms.local.children import end_leftovers
from platforms.local.databases import Databases
from platforms.local.state import StateFile, write_atomically
from platforms.local.targets import Target

log = logging.getLogger("platforms.local.agent")
LAST_SECONDS = 1.5
"""What proxies, and after them everything else, get to end by themselves when the agent ends."""


class Agent:
    """All targets of one installation."""

    def __init__(self, state: StateFile, databases: Databases) -> None:
        self._state = state
        self._databases = databases
        self._store = ArtifactStore(state.seen_artifacts)
        self._taken: set[int] = set()
        self._addresses = ""
        self._targets: dict[tuple[str, str], Target] = {}

    def take_up(self) -> None:
        """Have again what an earlier life had."""
        for key in list(self._state.targets):
            environment, region = key.split("/", 1)
            self.target(environment, region).take_up()

    def target(self, environment: str, region: str) -> Target:
        """The target of that name; a new one is empty."""
        found = self._targets.get((environment, region))
        if found is None:
            found = self._targets[environment, region] = Target(
                environment, region, self._state, self._store, self._databases, self._taken
            )
        return found

    def listing(self) -> dict[str, Any]:
        """Every target with its public addresses and where its counters can be read."""
        return {
            target.key: {
                "addresses": target.edges.addresses(),
                "metrics": target.edges.metrics_address(),
                "fence": target.wanted.fence,
                "weights": target.wanted.weights,
                "mark": target.wanted.mark,
                "proxy": target.edges.proxy.pid,
            }
            for target in self._targets.values()
        }

    def publish(self) -> None:
        """Keep `addresses.json` true: environment, region, component, URL."""
        document: dict[str, dict[str, dict[str, str]]] = {}
        for (environment, region), target in sorted(self._targets.items()):
            addresses = target.edges.addresses()
            if addresses:
                document.setdefault(environment, {})[region] = addresses
        text = json.dumps(document, indent=1)
        if text == self._addresses:
            return
        try:
            write_atomically(self._state.folder / "addresses.json", text)
            self._addresses = text
        except OSError as error:  # tried again a second later
            log.warning("addresses.json cannot be written: %s", error)

    async def close(self) -> None:
        """End all children."""
        await asyncio.gather(*(target.close(LAST_SECONDS) for target in self._targets.values()))


async def serve(options: argparse.Namespace, token: str, database_url: str) -> None:
    """Until SIGTERM or SIGINT."""
    try:
        state = StateFile(options.state_dir)
    except (ValueError, KeyError, TypeError, PlatformRefused) as error:
        sys.exit(f"The agent cannot start: {options.state_dir / 'state.json'} is damaged ({error!r}).")
    left = end_leftovers(state.mark)
    if left:
        log.warning("ended %d processes that an earlier agent left behind", left)
    state.save()
    agent = Agent(state, Databases(database_url, options.state_dir))
    agent.take_up()
    api = Api(token, agent.target, agent.listing, agent.publish)
    runner = web.AppRunner(api.application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    options.socket.unlink(missing_ok=True)
    await web.UnixSite(runner, str(options.socket)).start()
    log.info("agent listens at %s", options.socket)
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    while not ending.is_set():
        agent.publish()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), 1.0)
    await runner.cleanup()
    await agent.close()
    options.socket.unlink(missing_ok=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m platforms.local.agent", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="unix socket to listen on")
    parser.add_argument("--token-file", type=Path, required=True, help="file that holds the token")
    parser.add_argument("--state-dir", type=Path, required=True, help="folder of the agent's own files")
    parser.add_argument("--database-url-file", type=Path, help="file with the base URL for databases")
    return parser.parse_args()


def main() -> None:
    """Read the options, make sure that we are alone, and serve."""
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    options = _options()
    try:
        token = options.token_file.read_text().strip()
        database_url = options.database_url_file.read_text().strip() if options.database_url_file else ""
        options.state_dir.mkdir(parents=True, exist_ok=True)
        options.state_dir = options.state_dir.resolve()
        lock = (options.state_dir / "lock").open("w")
    except OSError as error:
        sys.exit(f"The agent cannot start: {error}")
    if len(token) < 16:
        sys.exit(f"The agent cannot start: the token in {options.token_file} is shorter than 16 characters.")
    if len(os.fsencode(options.socket)) > 100:
        sys.exit(f"The agent cannot start: a unix socket's path must be short, {options.socket} is not.")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"The agent cannot start: another agent uses {options.state_dir}.")
    with lock:
        try:
            asyncio.run(serve(options, token, database_url))
        except OSError as error:
            sys.exit(f"The agent ended: {error}")


if __name__ == "__main__":
    main()
