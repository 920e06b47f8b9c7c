"""A real agent for tests: starts `platforms.local.agent` in a folder of its own and ends it.

A pytest plugin: `local_agent` gives a running agent, `example_platform` the example's releases as
slots. Also used by the engine's tests.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import yaml

from platforms.base import ComponentSpec, PlatformUnavailable, Routing, SlotSpec
from platforms.local.digest import digest_folder
from platforms.local.driver import LocalPlatform
from tests.platforms.forked_agent import start_agent

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-for-tests-only"


def eventually(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The condition's first true value; fails the test when it does not come in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"did not come true within {seconds:g} s: {condition}")
        time.sleep(0.02)
    return value


class LocalAgent:
    """One agent's process, its folder and its token."""

    def __init__(self, database_url: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hmhp-agent-"))
        self.artifacts = self.folder / "artifacts"
        self.artifacts.mkdir()
        self.state = self.folder / "state"
        self.socket = self.folder / "agent.sock"
        (self.folder / "token").write_text(TOKEN)
        (self.folder / "database").write_text(database_url)
        self._process: BaseProcess | None = None

    @property
    def log(self) -> str:
        """What the agent said."""
        return (self.folder / "agent.log").read_text()

    @property
    def pid(self) -> int:
        """The agent's process id."""
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        arguments = ["--socket", self.socket, "--token-file", self.folder / "token"]
        arguments += ["--state-dir", self.state, "--database-url-file", self.folder / "database"]
        self._process = start_agent(arguments, self.folder / "agent.log")
        eventually(self._answers)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it with that signal and wait for it."""
        if self._process is not None and self._process.is_alive():
            os.kill(self.pid, number)
            self._process.join(15)
            assert not self._process.is_alive()

    def close(self) -> None:
        """End it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def settings(self, **more: Any) -> dict[str, Any]:
        """What the engine would hand to `open_platform`."""
        return {
            "artifacts": str(self.artifacts),
            "agent_socket": str(self.socket),
            "agent_token": TOKEN,
            **more,
        }

    def open(
        self,
        environment: str = "staging",
        region: str = "us-east",
        data_class: str = "synthetic",
        **more: Any,
    ) -> LocalPlatform:
        """The driver of one of its targets."""
        return LocalPlatform(environment, region, data_class, self.settings(**more))

    def listing(self) -> dict[str, Any]:
        """The agent's own view of its targets."""
        return self.open()._request("GET", "/v1/targets", 10.0)

    def processes(self) -> list[int]:
        """Every process that carries this agent's mark."""
        mark = json.loads((self.state / "state.json").read_text())["mark"]
        found = []
        for entry in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"HMHP_AGENT={mark}".encode() in entry.read_bytes().split(b"\0"):
                    found.append(int(entry.parent.name))
            except OSError:
                continue
        return found

    def _answers(self) -> bool:
        assert self._process is not None
        if not self._process.is_alive():
            pytest.fail(f"the agent ended:\n{self.log}")
        try:
            self.open("nothing", "nowhere").observe()
        except PlatformUnavailable:
            return False
        return True


@contextmanager
def running_agent() -> Iterator[LocalAgent]:
    """An agent with an empty state, gone at the end of the block."""
    agent = LocalAgent(os.environ.get("PORTAL_TARGET_DATABASE_URL", ""))
    try:
        agent.start()
        yield agent
    finally:
        agent.close()


@pytest.fixture(scope="session")
def shared_agent() -> Iterator[LocalAgent]:
    """One running agent for all tests that only need targets of their own in it."""
    with running_agent() as agent:
        yield agent


@pytest.fixture
def local_agent() -> Iterator[LocalAgent]:
    """A running agent of the test's own, with an empty state; gone after the test."""
    with running_agent() as agent:
        yield agent


@dataclass(frozen=True)
class Parts:
    """Slots of the test component in one agent's artefact folder.

    `environment` is where the test has its targets; `journal` is a file to which workers, schedules
    and jobs write what they did.
    """

    agent: LocalAgent
    environment: str
    journal: Path

    def open(self, region: str = "us-east", data_class: str = "synthetic", **more: Any) -> LocalPlatform:
        """The driver of one of the test's targets."""
        return self.agent.open(self.environment, region, data_class, **more)

    def listing(self, region: str = "us-east") -> dict[str, Any]:
        """The agent's own view of that target."""
        found: dict[str, Any] = self.agent.listing()[f"{self.environment}/{region}"]
        return found

    def take_down(self) -> None:
        """Have nothing of this environment run any more."""
        for key in self.agent.listing():
            environment, region = key.split("/")
            if environment == self.environment:
                platform = self.open(region)
                fence = platform.observe().fence
                platform.switch(fence, Routing({}, None))
                for slot in platform.observe().slots:
                    platform.retire(fence, slot.slot)

    def artifact(self, content: str) -> str:
        """The digest of an artefact with that content, laid out if need be."""
        folder = self.agent.artifacts / f"part-{content}"
        if not folder.exists():
            fresh = folder.with_name(f".{folder.name}")
            shutil.copytree(Path(__file__).parent / "artifact", fresh)
            (fresh / "content.txt").write_text(content)
            fresh.rename(folder)
        return digest_folder(folder)

    def web(self, content: str, **manifest: Any) -> ComponentSpec:
        """The edge component."""
        jobs = {name: ["{python}", "main.py", "job", name] for name in ("good", "fail", "wait", "much")}
        return ComponentSpec(
            name="web",
            kind="http",
            artifact=self.artifact(content),
            edge=True,
            manifest={
                "command": ["{python}", "{artifact}/main.py", "http"],
                "health": "/healthz",
                "jobs": jobs,
                **manifest,
            },
            configuration={"JOURNAL": str(self.journal)},
        )

    def worker(self, content: str, **configuration: str) -> ComponentSpec:
        """The worker."""
        return ComponentSpec(
            name="worker",
            kind="worker",
            artifact=self.artifact(content),
            manifest={"command": ["{python}", "{artifact}/main.py", "worker"], "stop_seconds": 5},
            configuration={"JOURNAL": str(self.journal), **configuration},
        )

    def slot(self, name: str, *components: ComponentSpec) -> SlotSpec:
        """A slot of these components; by default the edge and the worker."""
        parts = components or (self.web(name), self.worker(name))
        return SlotSpec(name, f"release of {name}", parts)

    def serve(
        self, platform: LocalPlatform, *slots: SlotSpec, weights: Mapping[str, int] | None = None
    ) -> str:
        """Have these slots ready, with these weights (the first takes all); the edge's host:port."""
        for slot in slots:
            platform.ensure(1, slot)
        names = {slot.slot for slot in slots}
        eventually(lambda: names <= {slot.slot for slot in platform.observe().slots if slot.ready})
        platform.switch(1, Routing(weights or {slots[0].slot: 100}, None))
        return platform.observe().addresses["web"].removeprefix("http://")

    def without_artifact(self, name: str) -> SlotSpec:
        """A slot whose artefact is nowhere."""
        return self.slot(name, replace(self.web(name), artifact="sha256:" + "0" * 64))

    def journaled(self) -> list[str]:
        """What was done so far."""
        return self.journal.read_text().splitlines() if self.journal.exists() else []


_numbers = itertools.count(1)


@pytest.fixture
def parts(shared_agent: LocalAgent) -> Iterator[Parts]:
    """Slots made of the test component, in an environment of the test's own."""
    name = f"test-{next(_numbers)}"
    found = Parts(shared_agent, name, shared_agent.folder / f"journal-{name}")
    yield found
    found.take_down()


@pytest.fixture
def own_parts(local_agent: LocalAgent) -> Parts:
    """The same with an agent of its own, for tests that end it or change artefacts."""
    return Parts(local_agent, "staging", local_agent.folder / "journal")


@dataclass(frozen=True)
class ExamplePlatform:
    """The example's releases, laid out for one agent."""

    releases: Mapping[str, Mapping[str, Any]]

    def slot(self, release: str, slot: str | None = None, **configuration: str) -> SlotSpec:
        """A release of the example as a slot, with the manifests of its platform file."""
        document = yaml.safe_load((ROOT / "examples/platform.yaml").read_text())
        built = self.releases[release]
        components = tuple(
            ComponentSpec(
                name=raw["name"],
                kind=raw["kind"],
                artifact=built[raw["name"]].artifact,
                edge=raw.get("edge", False),
                manifest=raw["manifest"],
                drain_seconds=raw.get("drain_seconds", 0),
                configuration=configuration,
            )
            for raw in document["components"]
        )
        return SlotSpec(slot or release, release, components)


def build_example(agent: LocalAgent) -> ExamplePlatform:
    """Lay the example's releases out for that agent."""
    return ExamplePlatform(importlib.import_module("examples.build").build(agent.artifacts))


@pytest.fixture
def example_platform(local_agent: LocalAgent) -> ExamplePlatform:
    """The example platform in this agent's artefact folder."""
    return build_example(local_agent)
