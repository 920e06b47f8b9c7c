"""The supervisor with real processes: order, restart, the end, and its own violent death."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hmhp_portal.launcher.takeover import started_at
from tests.portal_process import ROOT

PROGRAM = """
import asyncio, json, sys
from pathlib import Path
from hmhp_portal.supervisor import Process, StartFailed, Supervisor
folder = Path(sys.argv[1])
async def main():
    def changed(found): (folder / "pids").write_text(json.dumps(found))
    supervisor = Supervisor(lambda text: print(text, flush=True), changed)
    try:
        for name, code in json.loads(sys.argv[2]):
            ready = (folder / f"{name}.up").exists
            await supervisor.start(
                Process(name, [sys.executable, "-c", code, str(folder / name)], {}, folder / f"{name}.log",
                        None if name.startswith("once") else ready, ready_seconds=5,
                        once=name.startswith("once"), stop_seconds=1))
        print("up", flush=True)
        await supervisor.watch()
    except StartFailed as problem:
        print("failed:", problem, flush=True)
    finally:
        await supervisor.stop()
asyncio.run(main())
"""
SERVER = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
pathlib.Path(sys.argv[1] + ".child").write_text(str(child.pid))
pathlib.Path(sys.argv[1] + ".up").touch()
time.sleep(300)
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + SERVER


class Supervised:
    """A supervisor in a process of its own."""

    def __init__(self, folder: Path, *processes: tuple[str, str]) -> None:
        self.folder = folder
        self.child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROGRAM), str(folder), json.dumps(processes)],
            cwd=ROOT,
            stdout=(folder / "out").open("wb"),
            stderr=subprocess.STDOUT,
        )

    def output(self) -> str:
        return (self.folder / "out").read_text()

    def pids(self) -> dict[str, int]:
        return dict(json.loads((self.folder / "pids").read_text() or "{}"))


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "not in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    return (
        bool(started_at(pid)) and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    )


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    made: list[Supervised] = []

    def make(*processes: tuple[str, str]) -> Supervised:
        made.append(Supervised(tmp_path, *processes))
        return made[-1]

    yield make
    for supervised in made:
        supervised.child.kill()
        supervised.child.wait()


def test_killed_process_is_started_again(supervise: Callable[..., Supervised]) -> None:
    tree = supervise(("a", SERVER), ("b", SERVER))
    until(lambda: "up" in tree.output())
    before = tree.pids()
    os.kill(before["a"], signal.SIGKILL)
    until(lambda: tree.pids()["a"] != before["a"])
    assert alive(tree.pids()["a"])
    assert tree.pids()["b"] == before["b"]
    assert "a was killed by SIGKILL; starting it again" in tree.output()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_ends_every_process_and_their_children(
    supervise: Callable[..., Supervised], number: signal.Signals
) -> None:
    tree = supervise(("a", SERVER), ("deaf", DEAF))
    until(lambda: "up" in tree.output())
    everybody = [*tree.pids().values(), *(int(f.read_text()) for f in tree.folder.glob("*.child"))]
    assert len(everybody) == 4
    tree.child.send_signal(number)
    tree.child.wait(10)
    until(lambda: not any(alive(pid) for pid in everybody), seconds=2)


def test_kill_9_of_the_supervisor_leaves_no_process(supervise: Callable[..., Supervised]) -> None:
    tree = supervise(("a", SERVER), ("deaf", DEAF))
    until(lambda: "up" in tree.output())
    pids = list(tree.pids().values())
    tree.child.kill()
    until(lambda: not any(alive(pid) for pid in pids), seconds=5)


def test_failed_step_stops_the_start_with_its_last_line(supervise: Callable[..., Supervised]) -> None:
    tree = supervise(("a", SERVER), ("once", "raise SystemExit('the disk is full')"), ("never", SERVER))
    assert tree.child.wait(10) == 0
    assert "failed: once ended with 1: the disk is full" in tree.output()
    assert not (tree.folder / "never.up").exists()


def test_process_that_never_becomes_ready_is_named(supervise: Callable[..., Supervised]) -> None:
    tree = supervise(("a", "import time; print('still thinking', flush=True); time.sleep(60)"))
    tree.child.wait(15)
    assert "a was not ready after 5 s: still thinking" in tree.output()
