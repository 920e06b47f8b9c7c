"""`./portal lock`: the pinned and hashed requirements, made from pyproject.toml; no package host named.

uv resolves for every supported Python at once, wheels only. The check resolves again with the present
pins preferred and compares: it fails where pyproject.toml asks for something else than what is locked.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from hmhp_portal.launcher.environment import DEVELOPMENT_LOCK, PORTAL_LOCK, ROOT
from hmhp_portal.launcher.problem import Problem

_UV = ("-m", "uv", "pip", "compile", "pyproject.toml", "--quiet", "--generate-hashes", "--universal")
_HOW = ("--python-version", "3.11", "--only-binary", ":all:", "--custom-compile-command", "./portal lock")


def write(upgrade: bool = False) -> int:
    """Write both locks; with `upgrade` to the newest versions that pyproject.toml allows."""
    _compile(PORTAL_LOCK, PORTAL_LOCK, [], upgrade)
    _compile(DEVELOPMENT_LOCK, PORTAL_LOCK, ["--group", "dev"], upgrade)
    print("Wrote requirements/portal.txt and requirements/dev.txt.")
    return 0


def check() -> int:
    """0 when both locks are what pyproject.toml asks for; raises Problem naming the first difference."""
    for lock in (PORTAL_LOCK, DEVELOPMENT_LOCK):
        if "://" in lock.read_text():
            raise Problem(f"{lock.name} names a host; lock again with ./portal lock.")
    with tempfile.TemporaryDirectory() as folder:
        for lock, group in ((PORTAL_LOCK, []), (DEVELOPMENT_LOCK, ["--group", "dev"])):
            again = Path(folder) / lock.name
            again.write_bytes(lock.read_bytes())  # uv keeps the pins that it finds in its output file
            _compile(again, PORTAL_LOCK, group, upgrade=False)
            _compare(lock, again)
    print("The locked requirements are what pyproject.toml asks for.")
    return 0


def _compile(output: Path, constraints: Path, group: list[str], upgrade: bool) -> None:
    bound = ["-c", str(constraints.relative_to(ROOT))] if group else []
    more = ["--upgrade"] if upgrade else []
    command = [sys.executable, *_UV, *_HOW, *group, *bound, *more, "-o", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.strip().splitlines() if line.strip()]
        raise Problem(f"the requirements cannot be resolved: {' '.join(lines[-3:]) or 'uv said nothing'}")


def _compare(lock: Path, again: Path) -> None:
    old, new = (set(_pins(file)) for file in (lock, again))
    if old != new:
        differing = ", ".join(sorted(old ^ new)[:4])
        raise Problem(
            f"requirements/{lock.name} is not what pyproject.toml asks for ({differing}): ./portal lock"
        )


def _pins(file: Path) -> list[str]:
    return [line.split(" \\")[0] for line in file.read_text().splitlines() if "==" in line and line[0] != " "]
