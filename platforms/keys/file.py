"""The signing key in a folder of files that only the portal's own account can read.

    public.json   every public key, oldest first; replaced as a whole
    <id>.pem      the private key that signs now (PKCS 8), mode 0600; gone when the next one signs
    .lock         held while a key is made, so that two starts make one

A key file that anybody else can read, or that another account owns, is refused: a signature by it would
prove nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from platforms.keys.base import (
    KeysRefused,
    KeysUnavailable,
    PublicKey,
    Rotation,
    Signature,
    endorsement_of,
    key_id,
)


class FileKeeper:
    """A keeper over one folder. Processes that share the folder share the key, also while it changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._list = folder / "public.json"
        self._seen: tuple[tuple[int, int, int], tuple[PublicKey, ...]] | None = None
        self._private: tuple[str, Ed25519PrivateKey] | None = None

    def ensure(self, valid_from: datetime) -> PublicKey:
        """The present key, or a first one."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone():
            if self._list.exists():
                return self._swept(self.public_keys()[-1])
            return self._make(valid_from, ())[0]

    def sign(self, message: bytes) -> Signature:
        """Sign with the key that the folder names now; a rotation a moment ago is followed."""
        for _ in range(3):
            current = self.public_keys()[-1].id
            try:
                return Signature(current, self._load(current).sign(message))
            except FileNotFoundError:
                self._seen = None  # rotated between the two reads
        raise KeysUnavailable(f"The private key that {self._list} names is not there; restore it.")

    def public_keys(self) -> tuple[PublicKey, ...]:
        """Read again only when the file was replaced."""
        try:
            found = self._list.stat()
            mark = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._seen is None or self._seen[0] != mark:
                entries = json.loads(self._list.read_text())
                self._seen = mark, tuple(_read(entry) for entry in entries)
        except FileNotFoundError:
            raise KeysUnavailable(
                f"There is no signing key in {self._folder}; `./portal manage prepare` makes one."
            ) from None
        except PermissionError:
            raise KeysRefused(f"{self._folder} belongs to another account.") from None
        except (ValueError, KeyError, TypeError):
            raise KeysRefused(f"{self._list} is damaged; restore it from a backup.") from None
        return self._seen[1]

    def rotate(self, now: datetime) -> Rotation:
        """The new private key is on the disk before anybody is told of it, the old one goes after."""
        with self._alone():
            earlier = self.public_keys()
            last = earlier[-1]
            retiring = self._load(last.id)
            old = PublicKey(last.id, last.public, last.valid_from, now)
            new, _ = self._make(now, (*earlier[:-1], old))
            (self._folder / f"{old.id}.pem").unlink()
            return Rotation(new, old, retiring.sign(endorsement_of(new.public)))

    def _swept(self, current: PublicKey) -> PublicKey:
        """What a rotation that died half-way left behind goes; the key that signs must be there."""
        try:
            self._load(current.id)
        except FileNotFoundError:
            raise KeysUnavailable(f"{self._folder / current.id}.pem is gone; restore it.") from None
        for path in self._folder.glob("*.pem"):
            if path.stem != current.id:
                path.unlink()
        return current

    def _make(
        self, valid_from: datetime, earlier: tuple[PublicKey, ...]
    ) -> tuple[PublicKey, Ed25519PrivateKey]:
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        key = PublicKey(key_id(public), public, valid_from.astimezone(UTC))
        text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._write(self._folder / f"{key.id}.pem", text)
        entries = [_written(one) for one in (*earlier, key)]
        self._write(self._list, json.dumps(entries, indent=1).encode())
        return key, private

    def _write(self, path: Path, content: bytes) -> None:
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(file, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _load(self, name: str) -> Ed25519PrivateKey:
        if self._private is not None and self._private[0] == name:
            return self._private[1]
        private = _private_key(self._folder / f"{name}.pem")
        if key_id(private.public_key().public_bytes_raw()) != name:
            raise KeysRefused(f"The key in {self._folder / name}.pem is another one than its name says.")
        self._private = name, private
        return private

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            file = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            raise KeysUnavailable(
                f"There is no signing key in {self._folder}; `./portal manage prepare` makes one."
            ) from None
        except OSError as error:
            raise KeysRefused(f"{self._folder} cannot be written: {error.strerror}.") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


def _private_key(path: Path) -> Ed25519PrivateKey:
    """The key of a file that is ours alone; raises FileNotFoundError, KeysRefused."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except PermissionError:
        raise KeysRefused(f"{path} belongs to another account.") from None
    with os.fdopen(file, "rb") as stream:
        found = os.fstat(stream.fileno())
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise KeysRefused(f"{path} can be read by other accounts: make it 0600, then rotate the key.")
        if found.st_uid != os.geteuid():
            raise KeysRefused(f"{path} belongs to another account than the portal's.")
        content = stream.read()
    try:
        private = load_pem_private_key(content, password=None)
    except ValueError:
        raise KeysRefused(f"{path} is damaged; restore it from a backup.") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise KeysRefused(f"{path} holds no Ed25519 key.")
    return private


def _written(key: PublicKey) -> dict[str, Any]:
    until = key.valid_until.astimezone(UTC).isoformat() if key.valid_until else None
    return {
        "id": key.id,
        "public": key.public.hex(),
        "valid_from": key.valid_from.isoformat(),
        "valid_until": until,
    }


def _read(entry: dict[str, Any]) -> PublicKey:
    until = entry["valid_until"]
    return PublicKey(
        entry["id"],
        bytes.fromhex(entry["public"]),
        datetime.fromisoformat(entry["valid_from"]),
        datetime.fromisoformat(until) if until else None,
    )
