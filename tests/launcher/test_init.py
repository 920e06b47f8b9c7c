"""`./portal init` writes a platform file that can be read, and overwrites nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hmhp_portal.launcher import cli


def test_init_writes_a_commented_platform_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init"]) == 0
    text = (tmp_path / "platform.yaml").read_text()
    assert yaml.safe_load(text)["version"] == 1
    assert text.count("#") > 20


def test_init_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("mine")
    assert cli.main(["init", str(file)]) == 2
    assert file.read_text() == "mine"
    assert "is there already" in capsys.readouterr().err
