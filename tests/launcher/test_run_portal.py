"""The whole portal as its user meets it: started, killed, started again, two at once, ended."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hmhp_portal.launcher.installation import Installation
from hmhp_portal.launcher.takeover import running
from tests.launcher.test_supervise import alive, until
from tests.portal_process import PortalProcess, start_portal

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder that the tests of this file use one after the other, as a person would."""
    data = tmp_path_factory.mktemp("portal") / "data"
    yield data
    Installation(data).clear()


def answers(url: str) -> dict[str, bool]:
    with urllib.request.urlopen(f"{url}/readyz", timeout=60) as answer:
        return dict(json.loads(answer.read()))


def processes(portal: PortalProcess) -> dict[str, int]:
    return running(Installation(portal.folder))


def words(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.fixture(scope="module")
def first(folder: Path) -> Iterator[PortalProcess]:
    """The first start on that folder, up until a test ends it."""
    with start_portal(folder, first=True) as portal:
        yield portal


def test_first_start_serves_and_prints_a_link(first: PortalProcess) -> None:
    assert answers(first.url)["ready"]
    assert f"{first.url}/account/first/" in first.output
    found = processes(first)
    assert {"postgres", "redis", "agent", "nursery", "web", "worker", "control", "beat"} <= found.keys()
    forked = {name for name, pid in found.items() if words(pid) == words(found["nursery"])}
    assert forked == {"nursery", "web", "worker", "control", "beat"}


def test_killed_web_process_comes_back_and_no_connection_is_refused(first: PortalProcess) -> None:
    os.kill(processes(first)["web"], signal.SIGKILL)
    # The launcher holds the socket: the request waits for the new process.
    assert answers(first.url)["ready"]
    os.kill(processes(first)["postgres"], signal.SIGKILL)
    first.wait_for("postgres was killed by SIGKILL; starting it again")
    until(lambda: _ready_or_false(first.url), seconds=30)


def test_killed_nursery_takes_nobody_along_and_comes_back(first: PortalProcess) -> None:
    before = processes(first)
    os.kill(before["nursery"], signal.SIGKILL)
    os.kill(before["worker"], signal.SIGKILL)  # started by itself meanwhile
    until(lambda: {n for n, pid in processes(first).items() if pid != before[n]} == {"nursery", "worker"})
    assert processes(first).keys() == before.keys()
    until((Installation(first.folder).run_folder() / "worker.ready").exists, seconds=30)


def test_second_start_on_a_folder_in_use_is_refused(first: PortalProcess) -> None:
    again = PortalProcess(first.folder, ["up", "--data", str(first.folder), "--port", "0"], {})
    assert again.child.wait(20) == 2
    assert "runs already" in again.output


def test_another_portal_beside_it_uses_a_given_database_and_redis(
    first: PortalProcess, tmp_path: Path
) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        name = f"given_{os.getpid()}"
        connection.execute(f"CREATE DATABASE {name}")
        given = {
            "DATABASE_URL": os.environ["DATABASE_URL"].replace("@/portal", f"@/{name}"),
            "REDIS_URL": os.environ["REDIS_URL"],
        }
        with start_portal(tmp_path / "data", environment=given, first=True) as other:
            assert answers(other.url)["ready"]
            assert answers(first.url)["ready"]
            assert first.url != other.url
            assert not {"postgres", "redis"} & processes(other).keys()
            address = "from django.conf import settings as s; print(s.PORTAL_BASE_URL)"
            assert first.url in first.manage("shell", "-v0", "-c", address)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    Installation(tmp_path / "data").clear()


def test_sigterm_ends_all_within_ten_seconds(first: PortalProcess) -> None:
    pids = processes(first)
    assert first.stop() < 10
    assert first.child.returncode == 0
    until(lambda: not any(alive(pid) for pid in pids.values()), seconds=1)


def test_command_starts_the_services_that_it_needs(folder: Path) -> None:
    stopped = PortalProcess(folder, ["help"], {})
    stopped.child.wait(20)
    counted = stopped.manage(
        "shell", "-v0", "-c", "from accounts.models import User; print(User.objects.count())"
    )
    assert counted.strip() == "0"
    assert Installation(folder).holder() is None


def test_next_start_goes_on_with_the_same_data_and_kill_9_leaves_nothing(folder: Path) -> None:
    began = time.monotonic()
    with start_portal(folder) as portal:
        assert time.monotonic() - began < 60
        assert "Making a database cluster" not in portal.output
        assert "Migrating" not in portal.output
        link = portal.wait_for(r"http\S+/account/first/\S+").group()
        with urllib.request.urlopen(link, timeout=10) as answer:
            assert answer.status == 200
        pids = processes(portal)
        portal.stop(signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in pids.values()), seconds=8)


def test_start_after_a_kill_takes_over(folder: Path) -> None:
    with start_portal(folder) as portal:
        assert answers(portal.url)["ready"]


def _ready_or_false(url: str) -> bool:
    try:
        return answers(url)["ready"]
    except OSError:
        return False
