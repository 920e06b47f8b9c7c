"""A way back that names a region which the file does not know does nothing, and says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hmhp_portal.launcher import offline
from hmhp_portal.launcher.problem import Problem


def test_misspelt_region_is_refused_and_never_told_as_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.json"
    document = {
        "format": offline.FORMAT,
        "what": "The way back of run 1.",
        "environment": "production",
        "green": "b",
        "blue": "a",
        "regions": [{"region": "us-east"}, {"region": "eu-central"}],
    }
    file.write_text(json.dumps(document))
    with pytest.raises(Problem, match=r"knows no region eu-centrl; it has us-east, eu-central\."):
        offline.run([str(file), "--region", "eu-centrl"])
    assert "Back" not in capsys.readouterr().out
