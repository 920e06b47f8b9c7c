"""The whole portal as processes, for tests that need a real browser, worker, agent or kill -9.

with start_portal(tmp_path / "data") as portal:
    portal.manage("load_platform", str(file))
    requests to portal.url ...
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hmhp_portal.forked import Forked, fork
from hmhp_portal.launcher import postgres_place, takeover
from hmhp_portal.launcher.installation import FORMAT, Installation
from tests import once

ROOT = Path(__file__).resolve().parents[1]
PREPARED = ("installation.json", "secrets.json", "keys", "staticfiles", "static.digest")
"""What a copy takes from a prepared data folder, beside the database."""
_NOT_HANDED_ON = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")


class PortalProcess:
    """One running launcher with its output."""

    def __init__(self, folder: Path, arguments: list[str], environment: dict[str, str]) -> None:
        self.folder = folder
        self.url = ""
        self.output_file = folder.with_name(folder.name + ".out")
        with self.output_file.open("wb") as output:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "hmhp_portal.launcher", *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=clean_environment() | environment,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """Everything that the launcher printed so far."""
        return self.output_file.read_text(errors="replace")

    def wait_for(self, pattern: str, seconds: float = 120) -> re.Match[str]:
        """Wait until the launcher has printed that."""
        limit = time.monotonic() + seconds
        while True:
            ended = self.child.poll() is not None
            found = re.search(pattern, self.output)
            if found:
                return found
            assert not ended, (
                f"the launcher ended with {self.child.returncode}:\n{self.output}\n{self.logs()}"
            )
            assert time.monotonic() < limit, (
                f"not within {seconds} s: {pattern}\n{self.output}\n{self.logs()}"
            )
            time.sleep(0.05)

    def logs(self) -> str:
        """The ends of the processes' logs."""
        files = sorted((self.folder / "logs").glob("*.log"))
        return "\n".join(f"== {file.name}\n{file.read_text(errors='replace')[-1500:]}" for file in files)

    def manage(self, *arguments: str) -> str:
        """Run a management command on this installation; returns what it printed."""
        command = [sys.executable, "-m", "hmhp_portal.launcher", "manage", "--data", str(self.folder)]
        done = subprocess.run(
            [*command, *arguments], cwd=ROOT, env=clean_environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def command(self, *arguments: str) -> str:
        """The same forked by the portal's own nursery, which has imported what it needs; with its errors."""
        answer = self.folder / "logs" / "command.out"
        answer.write_bytes(b"")
        born = fork_beside(self.folder, ["manage.py", *arguments], answer)
        assert born.wait() == 0, answer.read_text()
        return answer.read_text()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """End the launcher and wait; returns the seconds that it took."""
        began = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            self.child.send_signal(number)
        self.child.wait(30)
        return time.monotonic() - began


def _lay_out(folder: Path) -> None:
    """Have a data folder as a start leaves it that loads no platform file."""
    ready = once.made("portal", _prepare) / "data"
    installation = Installation(folder)
    installation.have_folder()
    for name in PREPARED:
        copy = shutil.copytree if (ready / name).is_dir() else shutil.copy2
        copy(ready / name, folder / name)
    place = postgres_place.choose(installation, installation.run_folder())
    subprocess.run(["cp", "-a", str(ready / "postgres"), str(place.cluster)], check=True)


def _prepare(folder: Path) -> None:
    installation = Installation(folder / "data")
    installation.have_folder()
    installation.write("installation.json", {"format": FORMAT, "mode": "up"})
    command = [sys.executable, "-m", "hmhp_portal.launcher", "manage", "--data", str(installation.folder)]
    done = subprocess.run(
        [*command, "prepare"], cwd=ROOT, env=clean_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (installation.folder / "postgres").exists(), "the folder of a run is open to PostgreSQL's account"


def fork_beside(folder: Path, words: Sequence[str], log_file: Path) -> Forked:
    """One more process of the portal that runs in `folder`: from its nursery, but a child of ours."""
    nursery = takeover.running(Installation(folder))["nursery"]
    rows = Path(f"/proc/{nursery}/environ").read_bytes().split(b"\0")
    pairs = [os.fsdecode(row).partition("=") for row in rows if row]
    environment = {name: value for name, _, value in pairs}
    wire = Installation(folder).run_folder() / "nursery.sock"
    with log_file.open("ab") as log:
        born = fork(wire, "beside", ["", *words], environment, log.fileno(), (), signal.SIGKILL)
    assert born is not None, "the nursery does not answer"
    return born


def clean_environment() -> dict[str, str]:
    """This process's environment without what points at the services of the tests."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in _NOT_HANDED_ON and not name.startswith("PORTAL_")
    }


@contextmanager
def start_portal(
    folder: Path, *options: str, environment: dict[str, str] | None = None, first: bool = False
) -> Iterator[PortalProcess]:
    """A portal with all its processes on a free port, ended and gone at the end of the block.

    In a run of the tests a new folder begins as a copy of one that was prepared before: tables, packed
    files, a signing key. With `first` it is a real first start.
    """
    if once.RUN in os.environ and not first and not folder.exists():
        _lay_out(folder)
    arguments = ["up", "--data", str(folder), "--port", "0", *options]
    portal = PortalProcess(folder, arguments, environment or {})
    try:
        portal.url = portal.wait_for(r"The portal is at\s+(\S+)", seconds=300).group(1)
        portal.wait_for("All processes run")
        yield portal
    finally:
        portal.stop()
