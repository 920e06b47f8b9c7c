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


def test_first_start_serves_and_prints_a_link_and_sigterm_ends_all(folder: Path) -> None:
    with start_portal(folder) as portal:
        assert answers(portal.url)["ready"]
        assert f"{portal.url}/account/first/" in portal.output
        pids = processes(portal)
        assert {"postgres", "redis", "agent", "web", "worker", "control", "beat"} <= pids.keys()
        seconds = portal.stop()
    assert portal.child.returncode == 0
    assert seconds < 10
    until(lambda: not any(alive(pid) for pid in pids.values()), seconds=1)


def test_second_start_goes_on_with_the_same_data_and_link_still_works(folder: Path) -> None:
    began = time.monotonic()
    with start_portal(folder) as portal:
        assert time.monotonic() - began < 60
        assert "Making a database cluster" not in portal.output
        assert "Migrating" not in portal.output
        link = portal.wait_for(r"http\S+/account/first/\S+").group()
        with urllib.request.urlopen(link, timeout=10) as answer:
            assert answer.status == 200


def test_kill_9_leaves_nothing_and_the_next_start_takes_over(folder: Path) -> None:
    with start_portal(folder) as portal:
        pids = processes(portal)
        portal.stop(signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in pids.values()), seconds=8)
    with start_portal(folder) as portal:
        assert answers(portal.url)["ready"]


def test_killed_web_process_comes_back_and_no_connection_is_refused(folder: Path) -> None:
    with start_portal(folder) as portal:
        os.kill(processes(portal)["web"], signal.SIGKILL)
        # The launcher holds the socket: the request waits for the new process.
        assert answers(portal.url)["ready"]
        os.kill(processes(portal)["postgres"], signal.SIGKILL)
        portal.wait_for("postgres was killed by SIGKILL; starting it again")
        until(lambda: _ready_or_false(portal.url), seconds=30)


def test_two_portals_run_side_by_side_and_commands_find_theirs(folder: Path, tmp_path: Path) -> None:
    with start_portal(folder) as one, start_portal(tmp_path / "other") as two:
        assert answers(one.url)["ready"]
        assert answers(two.url)["ready"]
        assert one.url != two.url
        assert one.url in one.manage(
            "shell", "-v0", "-c", "from django.conf import settings as s; print(s.PORTAL_BASE_URL)"
        )
        again = PortalProcess(folder, ["up", "--data", str(folder), "--port", "0"], {})
        assert again.child.wait(20) == 2
        assert "runs already" in again.output
    Installation(tmp_path / "other").clear()


def test_command_starts_the_services_that_it_needs(folder: Path) -> None:
    stopped = PortalProcess(folder, ["help"], {})
    stopped.child.wait(20)
    counted = stopped.manage(
        "shell", "-v0", "-c", "from accounts.models import User; print(User.objects.count())"
    )
    assert counted.strip() == "0"
    assert Installation(folder).holder() is None


def test_given_database_and_redis_are_used_and_none_is_started(tmp_path: Path) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        name = f"given_{os.getpid()}"
        connection.execute(f"CREATE DATABASE {name}")
        given = {
            "DATABASE_URL": os.environ["DATABASE_URL"].replace("@/portal", f"@/{name}"),
            "REDIS_URL": os.environ["REDIS_URL"],
        }
        with start_portal(tmp_path / "data", environment=given) as portal:
            assert answers(portal.url)["ready"]
            assert not {"postgres", "redis"} & processes(portal).keys()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _ready_or_false(url: str) -> bool:
    try:
        return answers(url)["ready"]
    except OSError:
        return False
