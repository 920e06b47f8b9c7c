"""Child processes that end with their parent, and the account that PostgreSQL runs as.

Used by the supervisor, the embedded services and the test fixtures. Linux ends a child by
PR_SET_PDEATHSIG when its parent dies, whatever killed the parent; elsewhere the next start takes
over what was left. Call only from the main thread: the kernel ties the signal to the thread.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36


def _load_prctl() -> Callable[..., int] | None:
    """The C function, looked up once in the parent: a forked child must not load libraries."""
    if not sys.platform.startswith("linux"):
        return None
    function: Callable[..., int] = ctypes.CDLL(None, use_errno=True).prctl
    return function


_prctl = _load_prctl()


@dataclass(frozen=True)
class Account:
    """A system account that a child runs as instead of root."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """The account for servers that refuse root: `nobody` when we are root, else None (ourselves)."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account("nobody", 65534, 65534)
    return Account("nobody", entry.pw_uid, entry.pw_gid)


def end_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn`: default signal handling, and `death_signal` when the calling process dies.

    It runs after subprocess has changed the user, which would clear the setting.
    """
    parent = os.getpid()

    def prepare() -> None:
        # A start from a non-interactive shell with `&` leaves SIGINT ignored, for every descendant.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if _prctl is not None:
            _prctl(PR_SET_PDEATHSIG, int(death_signal))
            if os.getppid() != parent:  # it died before we asked
                os._exit(1)

    return prepare


def end_with(parent: int, death_signal: signal.Signals) -> bool:
    """The same, asked for by a child itself; False where that parent is not (or no longer) its own."""
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, int(death_signal))
    return os.getppid() == parent


def be_called(name: str) -> None:
    """What `ps` and `top` show as this process's name: the first 15 letters."""
    if _prctl is not None:
        _prctl(PR_SET_NAME, name.encode()[:15])


def can_adopt() -> bool:
    """Does this system know `take_up_orphans`?"""
    return _prctl is not None


@contextmanager
def take_up_orphans() -> Iterator[bool]:
    """Within the block, descendants whose parent ends become our children; False where that cannot be."""
    assert _prctl is not None
    can = _prctl(PR_SET_CHILD_SUBREAPER, 1) == 0
    try:
        yield can
    finally:
        _prctl(PR_SET_CHILD_SUBREAPER, 0)


def run_as(account: Account | None) -> dict[str, Any]:
    """Keyword arguments of subprocess that make a child run as that account."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def can_enter(directory: Path, account: Account | None) -> bool:
    """Can that account change into the directory? Tried for real, so that ACLs and mounts count."""
    done = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(directory)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **run_as(account),
    )
    return bool(done.returncode == 0)
