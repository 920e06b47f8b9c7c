"""Static files, collected into the data folder when they changed: hashed names, compressed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def _digest() -> str:
    """Over name, size and time of every file that would be collected."""
    rows = []
    for finder in get_finders():
        for path, storage in finder.list(ignore_patterns=[]):
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
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    _stamp().write_text(digest)
