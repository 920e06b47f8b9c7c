"""The virtual environment: made once per Python version, installed from the hashed lock, shown as it goes.

`ensure` is called by every command; it returns at once when the environment matches the lock. A death
in the middle leaves no stamp, so the next start begins again. Several starts at once wait for one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hmhp_portal.launcher import checks, install
from hmhp_portal.launcher.problem import Problem

ROOT = Path(__file__).resolve().parents[2]
PORTAL_LOCK = ROOT / "requirements" / "portal.txt"
DEVELOPMENT_LOCK = ROOT / "requirements" / "dev.txt"
NEEDED_MEGABYTES = 700
_this_python = False


def use_this_python() -> None:
    """Make no environment: this Python has the requirements (an image, a test)."""
    global _this_python
    _this_python = True


def folder() -> Path:
    """Where the environment of this Python version is."""
    return ROOT / ".venv" / f"py{sys.version_info[0]}.{sys.version_info[1]}"


def python() -> Path:
    """The interpreter of the environment."""
    return Path(sys.executable) if _this_python else folder() / "bin" / "python"


def inside() -> bool:
    """Are we running in the environment already?"""
    return _this_python or Path(sys.prefix).resolve() == folder().resolve()


def ensure(development: bool = False) -> None:
    """Have the environment as the lock says. Raises Problem where that cannot be."""
    lock = DEVELOPMENT_LOCK if development else PORTAL_LOCK
    if _this_python or _matches(lock):
        return
    checks.usable_folder(folder().parent)
    with _alone():
        if _matches(lock):  # somebody else made it while we waited
            return
        if not _usable():
            _make()
        _install(lock)


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _stamp(lock: Path) -> Path:
    return folder() / f".{lock.stem}.lock-digest"


def _matches(lock: Path) -> bool:
    """The development lock holds the portal's, so either stamp will do for the latter."""
    if not python().exists():
        return False
    stamps = (
        {_stamp(lock): lock} if lock == DEVELOPMENT_LOCK else {_stamp(x): x for x in (lock, DEVELOPMENT_LOCK)}
    )
    return any(stamp.exists() and stamp.read_text() == _digest(x) for stamp, x in stamps.items())


def _usable() -> bool:
    """Was it finished once, and does its Python still run?"""
    if not any(_stamp(lock).exists() for lock in (PORTAL_LOCK, DEVELOPMENT_LOCK)):
        return False
    try:
        return subprocess.run([python(), "-c", ""], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _make() -> None:
    checks.room_for(folder().parent, NEEDED_MEGABYTES, "the virtual environment")
    print(f"Making the virtual environment {folder()} (Python {sys.version.split()[0]})", flush=True)
    if folder().exists():
        shutil.rmtree(folder())
    builder = venv.EnvBuilder(symlinks=True, with_pip=install.has_ensurepip())
    try:
        builder.create(folder())
    except (OSError, subprocess.CalledProcessError) as problem:
        raise Problem(f"the virtual environment cannot be made in {folder()}: {problem}") from None


def _install(lock: Path) -> None:
    checks.room_for(folder(), NEEDED_MEGABYTES // 2, "installing the requirements")
    for stamp in (_stamp(PORTAL_LOCK), _stamp(DEVELOPMENT_LOCK)):
        stamp.unlink(missing_ok=True)
    began = time.monotonic()
    install.run(python(), lock, folder() / "install.log")
    _stamp(lock).write_text(_digest(lock))
    print(f"Installed in {time.monotonic() - began:.0f} s.", flush=True)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the folder's lock; the kernel lets go of it when we end, however we end."""
    file = os.open(folder().parent / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another start that is installing the requirements ...", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
