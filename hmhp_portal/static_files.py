"""Static files, collected into the data folder when they changed: hashed names, compressed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import brotli
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

UNUSED = ["rest_framework"]
"""Folders that no page of ours asks for: the API answers in JSON only."""
QUALITY = 7
"""Of Brotli: a tenth larger than the best, which takes twenty times as long while a first start waits."""


class PackedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Files under their hashed names alone, packed in a second."""

    def create_compressor(self, **how: Any) -> Compressor:
        """What packs each file."""
        return _Packer(**how)


class _Packer(Compressor):  # type: ignore[misc]
    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        packed: bytes = brotli.compress(data, quality=QUALITY)
        return packed


def _digest() -> str:
    """Over name, size and time of every file that would be collected."""
    rows = []
    for finder in get_finders():
        for path, storage in finder.list(ignore_patterns=UNUSED):
            found = Path(storage.path(path)).stat()
            rows.append(f"{path} {found.st_size} {found.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()


def _stamp() -> Path:
    return Path(settings.PORTAL_DATA_DIR) / "static.digest"


def changed() -> bool:
    """Is there anything to collect?"""
    return not (_stamp().exists() and _stamp().read_text() == _digest())


def collect() -> None:
    """Collect anew; the stamp comes last, so that a death in between means to collect again."""
    _stamp().unlink(missing_ok=True)
    digest = _digest()
    call_command("collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=UNUSED)
    _stamp().write_text(digest)
