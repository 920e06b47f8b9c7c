"""What pages ask for is collected under hashed names, packed once, and left alone until it changes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import brotli
import pytest
from django.contrib.staticfiles.storage import staticfiles_storage

from hmhp_portal import static_files

HASHED = re.compile(r"\.[0-9a-f]{12}(\.\w+)?(\.br|\.gz)?$")


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> Path:
    settings.PORTAL_DATA_DIR = tmp_path
    settings.STATIC_ROOT = tmp_path / "staticfiles"
    backend = {"BACKEND": "hmhp_portal.static_files.PackedFiles"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": backend}
    return settings.STATIC_ROOT


def test_files_are_there_by_their_hashed_names_alone_with_a_packed_copy_beside_them(place: Path) -> None:
    assert static_files.changed()
    static_files.collect()
    assert not static_files.changed()
    found = {str(file.relative_to(place)) for file in place.rglob("*") if file.is_file()}
    assert [name for name in found if not HASHED.search(name)] == ["staticfiles.json"]
    sheet = staticfiles_storage.stored_name("css/portal.css")
    assert {sheet, f"{sheet}.br", f"{sheet}.gz"} <= found
    plain, packed = (place / sheet).read_bytes(), (place / f"{sheet}.br").read_bytes()
    assert brotli.decompress(packed) == plain
    assert not [name for name in found if name.startswith("rest_framework/")]
