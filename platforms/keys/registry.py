"""Which keeper the settings name. Opens no connection and reads no file yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from platforms.keys.base import KeyKeeper, KeysRefused
from platforms.keys.file import FileKeeper

KEEPERS = ("file", "vault")


def open_keeper(kind: str, settings: Mapping[str, str]) -> KeyKeeper:
    """The keeper of that kind.

    `settings` of `file`: folder. Of `vault`: address, token or token_file, key, mount, namespace,
    authority (a CA file). Raises KeysRefused for another kind.
    """
    if kind == "file":
        return FileKeeper(Path(settings["folder"]))
    if kind == "vault":
        from platforms.keys.vault import VaultKeeper  # its client costs 100 ms to import

        return VaultKeeper(
            settings["address"],
            _token(settings.get("token", ""), settings.get("token_file", "")),
            name=settings["key"],
            mount=settings["mount"],
            namespace=settings.get("namespace", ""),
            authority=settings.get("authority", ""),
        )
    raise KeysRefused(f"There is no keeper named {kind}; the keepers are: {', '.join(KEEPERS)}.")


def _token(token: str, file: str) -> Callable[[], str]:
    return (lambda: Path(file).read_text().strip()) if file else (lambda: token)
