"""The way back with everything of the portal dead but the agent, and what the portal says when it is back."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.e2e.rest_client import Visitors
from tests.faults.releases import Releases, shifting
from tests.faults.storm import Site, Table, releases_address, running
from tests.faults.victims import PORTAL, Victims
from tests.portal_process import ROOT, clean_environment

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@contextmanager
def portal_dead(site: Site) -> Iterator[None]:
    """The launcher stands still, so that nothing is started again, and its portal is killed."""
    os.kill(site.portal.child.pid, signal.SIGSTOP)
    try:
        processes = Victims(site.data, random.Random(0)).processes()
        for name in PORTAL:
            os.kill(processes[name], signal.SIGKILL)
        yield
    finally:
        os.kill(site.portal.child.pid, signal.SIGCONT)


def rollback_offline(file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-S", str(ROOT / "portal"), "rollback-offline", str(file)]
    return subprocess.run(
        [*command, "--by", "Theo at the console", "--reason", "Portal down, errors"],
        env={"PATH": clean_environment()["PATH"]},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
    )


def weights_log(site: Site) -> list[dict[str, object]]:
    text = (site.data / "agent/targets/live/north/weights.log").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_run_is_sent_back_offline_and_the_portal_writes_it_down_later() -> None:
    with running(Table(), lambda text: None) as site:
        releases = Releases(site.folder, site.callers, seed=1)
        come: list[Visitors] = []
        releases.serves = lambda: come or come.append(Visitors(releases_address(site)).__enter__())
        releases.bring("good")
        version, run = releases.start("good")
        theo = site.callers["theo"]
        theo.wait(f"deployments/{run}/", shifting)
        file = next((site.data / "way-back").glob(f"run-{run:06}-*.json"))
        blue = json.loads(file.read_text())["blue"]
        with portal_dead(site):
            done = rollback_offline(file)
            assert done.returncode == 0, done.stdout + done.stderr
            assert f"north: {blue} 100 %" in done.stdout
            before = len(weights_log(site))
        shown = theo.wait(f"deployments/{run}/", lambda shown: shown["state"] == "rolled_back", 240)
        assert "sent back past the portal" in shown["sentence"]
        later = [entry["weights"] for entry in weights_log(site)[before:]]
        assert all(weights == {blue: 100} for weights in later)
        theo.wait(f"releases/{version}/", lambda shown: shown["state"] == "rolled_back")
        (entry,) = late_entries(site)
        assert entry["by"] == "Theo at the console"
        assert entry["late"] is True
        come[0].__exit__()
        assert set(come[0].statuses) <= {200}


def late_entries(site: Site) -> list[dict[str, object]]:
    address = json.loads((site.data / "environment.json").read_text())["DATABASE_URL"]
    with psycopg.connect(address) as connection:
        found = connection.execute("SELECT data FROM events_event WHERE kind = 'run.sent_back_offline'")
        return [row[0] for row in found.fetchall()]


def test_dead_agent_is_told_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "run-000001-live.json"
    (tmp_path / "agent.token").write_text("t")
    region = {
        "region": "north", "driver": "local", "data_class": "production", "weights": {"blue": 100},
        "background": "blue", "agent_socket": str(tmp_path / "agent.sock"),
        "agent_token_file": str(tmp_path / "agent.token"), "settings": {"artifacts": "/nowhere"},
    }  # fmt: skip
    document = {"format": 1, "what": "The way back.", "environment": "live", "green": "g", "blue": "blue"}
    file.write_text(json.dumps({**document, "regions": [region]}))
    done = rollback_offline(file)
    assert done.returncode == 1
    assert "start the portal on its data folder again" in done.stderr


@pytest.mark.parametrize("text", ["", "{}", '{"format": 7}', '{"format": 1}'])
def test_file_that_is_no_way_back_is_refused_with_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file.json"
    file.write_text(text)
    done = rollback_offline(file)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
