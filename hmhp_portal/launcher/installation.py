"""One installation: its folder, its lock, its secrets, and what it told the last time it ran.

DIR/installation.json   mode and format; marks the folder as ours
DIR/secrets.json        passwords and keys, readable by its owner only
DIR/environment.json    how to reach a running installation (for `./portal manage`)
DIR/postgres/           the cluster, or DIR/postgres.place: the pointer to where it had to go
DIR/way-back/            each run's way back without the portal
DIR/keys/                the signing key, readable by its owner only, and every public key
DIR/cluster.json         where the demo's platform runs, when that is a cluster
DIR/valkey/  agent/  artifacts/  logs/  run/  staticfiles/
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hmhp_portal.launcher import checks
from hmhp_portal.launcher.problem import Problem

FORMAT = 1
FIRST_START_MEGABYTES = 300
LATER_START_MEGABYTES = 30
OURS = frozenset(
    """
    installation.json secrets.json environment.json processes.json welcome.json launcher.lock
    postgres postgres.new postgres.place run run.place valkey agent artifacts logs staticfiles static.digest
    beat-schedule beat-schedule.dat beat-schedule.dir beat-schedule.bak beat-schedule.db
    platform.yaml demo.database keys way-back cluster.json
    """.split()
)
"""Everything that a start makes in the folder; `--fresh` removes these and nothing else."""
BELONGS_TO = ".belongs-to"
# A socket's address holds 107 bytes; the longest name that is put below the run folder is about 40.
LONGEST_RUN_FOLDER = 64


class Installation:
    """A data folder, held by one launcher at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None

    @property
    def key(self) -> str:
        """A short name for this folder, for places outside of it."""
        return hashlib.sha256(str(self.folder).encode()).hexdigest()[:10]

    @property
    def is_made(self) -> bool:
        """Has a start marked this folder as ours?"""
        return (self.folder / "installation.json").exists()

    def claim(self, mode: str) -> None:
        """Have the folder and hold it until this process ends.

        Raises Problem for a folder that is not ours, is in use, belongs to another account, holds the
        other mode, or has no room.
        """
        self.have_folder()
        self._hold()
        found = self.read("installation.json")
        if found and found.get("mode") != mode:
            raise Problem(
                f"{self.folder} holds data of `./portal {found.get('mode')}`. "
                "Choose another folder with --data DIR, or start over with --fresh."
            )
        if not found:
            self.write("installation.json", {"format": FORMAT, "mode": mode})
        (self.folder / "logs").mkdir(mode=0o700, exist_ok=True)

    def have_folder(self) -> None:
        """Have a folder of ours with room in it, or raise Problem."""
        needed = LATER_START_MEGABYTES if self.is_made else FIRST_START_MEGABYTES
        checks.room_for(self.folder, needed, "the portal's data", "Free some, or move it (--data DIR).")
        self._refuse_strange_folder()
        is_new = not self.folder.exists()
        checks.usable_folder(self.folder)
        if is_new:
            # Logs and addresses are nobody else's business; root's PostgreSQL only passes through.
            self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)

    def holder(self) -> int | None:
        """The process that holds the folder now, 0 where it is not known who; None when nobody does."""
        try:
            file = os.open(self.folder / "launcher.lock", os.O_RDWR)
        except OSError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.read(file, 32).decode().strip()
            return int(text) if text.isdigit() else 0
        finally:
            os.close(file)
        return None

    def secrets(self) -> dict[str, str]:
        """The installation's secrets, made on first use."""
        found = self.read("secrets.json")
        if not found:
            names = ("secret_key", "database", "target_database", "redis", "agent")
            found = {name: secrets.token_urlsafe(36) for name in names}
            found["people"] = f"slack-water-{secrets.token_hex(3)}"  # the demo's people type it often
            self.write("secrets.json", found)
        return found

    def run_folder(self) -> Path:
        """Where the sockets are: in the data folder, or in the temporary one where the path is too long."""
        usual = self.folder / "run"
        if len(str(usual).encode()) <= LONGEST_RUN_FOLDER:
            usual.mkdir(exist_ok=True)
            return usual
        place = self.place_elsewhere("run")
        return place or self.point_to("run", Path(tempfile.mkdtemp(prefix="hmhp-run-")))

    def place_elsewhere(self, name: str) -> Path | None:
        """The folder outside of ours that a pointer names, if it is still there and still ours."""
        pointer = self.folder / f"{name}.place"
        if not pointer.exists():
            return None
        place = Path(pointer.read_text().strip())
        try:
            known = (place / BELONGS_TO).read_text() == str(self.folder)
            return place if known and place.lstat().st_uid == os.geteuid() else None
        except OSError:
            return None

    def point_to(self, name: str, place: Path) -> Path:
        """Note that a part of us lives in that new folder; other accounts may pass through it."""
        place.chmod(0o711)
        (place / BELONGS_TO).write_text(str(self.folder))
        (self.folder / f"{name}.place").write_text(str(place))
        return place

    def read(self, name: str) -> dict[str, Any]:
        """One of the folder's JSON files; empty where it is missing."""
        try:
            found = json.loads((self.folder / name).read_text())
        except FileNotFoundError:
            return {}
        except PermissionError:
            raise Problem(f"{self.folder} belongs to another account; run as that one.") from None
        except ValueError:
            raise Problem(f"{self.folder / name} is damaged; start over with --fresh.") from None
        return dict(found)

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Replace one of the folder's JSON files as a whole, readable by its owner only."""
        unfinished = self.folder / f".{name}.{os.getpid()}"
        file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w") as stream:
            json.dump(content, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(self.folder / name)

    def clear(self) -> None:
        """Remove what we made, wherever it had to go; nothing else. Raises Problem while it runs."""
        if not self.folder.exists():
            return
        self._refuse_strange_folder()
        self._hold()
        for place in (self.place_elsewhere("postgres"), self.place_elsewhere("run")):
            if place is not None:
                shutil.rmtree(place)
        for name in OURS:
            path = self.folder / name
            if name == "launcher.lock" or not path.exists():
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _hold(self) -> None:
        if self._lock is not None:
            return
        try:
            file = os.open(self.folder / "launcher.lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except PermissionError:
            raise Problem(f"{self.folder} belongs to another account; run as that one.") from None
        except BlockingIOError:
            url = self.read("environment.json").get("PORTAL_BASE_URL", "")
            where = f" at {url}" if url else ""
            raise Problem(
                f"the portal on {self.folder} runs already{where} (process {self.holder() or 'unknown'}). "
                "Stop it first, or start another with --data DIR --port N."
            ) from None
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        self._lock = file

    def _refuse_strange_folder(self) -> None:
        if self.is_made or not self.folder.exists():
            return
        if not self.folder.is_dir():
            raise Problem(f"{self.folder} is not a folder; choose another with --data DIR.")
        try:
            strange = sorted(set(os.listdir(self.folder)) - set(OURS))
        except OSError as problem:
            reason = os.strerror(problem.errno or errno.EIO)
            raise Problem(f"cannot read {self.folder}: {reason}. Choose another with --data DIR.") from None
        if strange:
            raise Problem(
                f"{self.folder} is not empty and not the portal's (it holds {strange[0]}); "
                "choose another folder with --data DIR."
            )
