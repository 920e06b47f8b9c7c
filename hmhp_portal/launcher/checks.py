"""What can be known before anything slow begins: room on the disk, a free port, a usable folder.

Each check raises `Problem` with one line that names the way out.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
from pathlib import Path

from hmhp_portal.launcher.problem import Problem

MEGABYTE = 1_000_000


def existing_parent(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    while not folder.exists():
        folder = folder.parent
    return folder


def room_for(folder: Path, megabytes: int, what: str, way_out: str = "Free some.") -> None:
    """Is there room on the disk of `folder`?"""
    free = shutil.disk_usage(existing_parent(folder)).free // MEGABYTE
    if free < megabytes:
        raise Problem(
            f"no room on the disk: {what} needs {megabytes} MB under {folder}, {free} MB are free. {way_out}"
        )


def usable_folder(folder: Path) -> None:
    """Have the folder, and the right to write in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise Problem(f"cannot write in {folder}: {reason}. Choose another with --data DIR.") from None


def listen(host: str, port: int) -> socket.socket:
    """The listening socket, bound once for the whole life of the launcher.

    Connections wait in it while the web process starts or starts again.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except OSError as problem:
        listener.close()
        raise Problem(_why_not(host, port, problem)) from None
    except OverflowError:
        listener.close()
        raise Problem(f"{port} is no port; choose one between 1024 and 65535 with --port N.") from None
    return listener


def _why_not(host: str, port: int, problem: OSError) -> str:
    if problem.errno == errno.EADDRINUSE:
        holder = _holder_of(port)
        return f"port {port} is taken{holder}; choose another with --port N."
    if problem.errno == errno.EACCES:
        return f"port {port} needs more rights than this account has; choose one above 1023 with --port N."
    return f"cannot listen on {host}:{port}: {problem.strerror or problem}."


def _holder_of(port: int) -> str:
    """` by <program> (process N)` where the system lets us see it, else nothing."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        cells = [row.split() for row in rows]
        inodes |= {c[9] for c in cells if c[3] == "0A" and int(c[1].rpartition(":")[2], 16) == port}
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(file) in wanted for file in (folder / "fd").iterdir()):
                return f" by {(folder / 'comm').read_text().strip()} (process {folder.name})"
        except OSError:
            continue
    return ""
