"""The digest of an artefact folder is what its definition says, and refuses what it cannot cover."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from platforms.local.digest import ArtifactError, digest_folder

RECIPE = (
    r"find . -type f -not -path '*/__pycache__/*' -printf '%P\0' | LC_ALL=C sort -z"
    r" | xargs -0 sha256sum | sha256sum"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "artifact"
    (root / "a").mkdir(parents=True)
    (root / "a.txt").write_text("beside the folder a")
    (root / "a" / "ü b.txt").write_text("below it")
    (root / "Z").write_bytes(b"\0\xff")
    return root


def test_digest_is_what_the_shell_words_print(folder: Path) -> None:
    printed = subprocess.run(RECIPE, shell=True, cwd=folder, capture_output=True, text=True, check=True)
    assert digest_folder(folder) == "sha256:" + printed.stdout.split()[0]


def test_digest_changes_with_contents_and_with_names(folder: Path) -> None:
    digests = {digest_folder(folder)}
    (folder / "Z").write_bytes(b"\0\xfe")
    digests.add(digest_folder(folder))
    (folder / "Z").rename(folder / "Y")
    digests.add(digest_folder(folder))
    assert len(digests) == 3


def test_digest_ignores_times_modes_empty_folders_and_byte_code(folder: Path) -> None:
    before = digest_folder(folder)
    os.utime(folder / "Z", (0, 0))
    (folder / "Z").chmod(0o700)
    (folder / "empty").mkdir()
    (folder / "a" / "__pycache__").mkdir()
    (folder / "a" / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"compiled")
    assert digest_folder(folder) == before


def test_compiled_file_outside_its_cache_counts(folder: Path) -> None:
    before = digest_folder(folder)
    (folder / "json.pyc").write_bytes(b"would shadow a module")
    assert digest_folder(folder) != before


def test_copy_elsewhere_has_the_same_digest(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    assert digest_folder(tmp_path / "copy") == digest_folder(folder)


def test_link_inside_counts_by_its_text_and_is_no_file_of_that_text(folder: Path) -> None:
    (folder / "link").symlink_to("a.txt")
    as_link = digest_folder(folder)
    (folder / "link").unlink()
    (folder / "link").write_text("a.txt")
    assert digest_folder(folder) != as_link


@pytest.mark.parametrize("target", ["/etc/hostname", "../beside", "a/../../beside"])
def test_link_that_leads_out_is_refused(folder: Path, target: str) -> None:
    (folder / "link").symlink_to(target)
    with pytest.raises(ArtifactError, match="link leads out"):
        digest_folder(folder)


def test_awkward_contents_are_refused(folder: Path) -> None:
    (folder / "new\nline").touch()
    with pytest.raises(ArtifactError, match="control character"):
        digest_folder(folder)
    (folder / "new\nline").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(ArtifactError, match="neither a file"):
        digest_folder(folder)


def test_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no file"):
        digest_folder(tmp_path)
