"""`./portal manage digest` as a build machine calls it: with a Python that has nothing installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from platforms.local.digest import digest_folder
from tests.portal_process import ROOT, clean_environment


def digest(*folders: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(ROOT / "portal"), "manage", "digest", *map(str, folders)]
    return subprocess.run(command, capture_output=True, text=True, env=clean_environment(), timeout=60)


@pytest.fixture
def built(tmp_path: Path) -> list[Path]:
    """Two artefacts."""
    folders = [tmp_path / "web", tmp_path / "worker"]
    for folder in folders:
        folder.mkdir()
        (folder / "main.py").write_text(folder.name)
    return folders


def test_one_folder_is_told_by_its_digest_alone(built: list[Path]) -> None:
    assert digest(built[0]).stdout == f"{digest_folder(built[0])}\n"


def test_several_folders_are_told_with_their_names(
    built: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    said = "".join(f"{digest_folder(folder)}  {folder}\n" for folder in built)
    assert digest(*built).stdout == said
    call_command("digest", *map(str, built))
    assert capsys.readouterr().out == said


def test_what_can_have_no_digest_is_one_line(built: list[Path], tmp_path: Path) -> None:
    (built[1] / "out").symlink_to("/")
    for folder, why in ((tmp_path / "nowhere", " is not a folder"), (built[1], ": The symbolic link out")):
        done = digest(folder)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert f"portal: {folder}{why}" in done.stderr
        with pytest.raises(CommandError, match=why):
            call_command("digest", str(folder))
