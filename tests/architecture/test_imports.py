"""The direction of the arrows: the contracts of `.importlinter`, kept."""

from __future__ import annotations

import subprocess
import sys

from tests.portal_process import ROOT


def test_import_contracts_are_kept() -> None:
    code = "from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
