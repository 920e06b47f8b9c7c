"""A benchmark that is told to end takes what it started with it."""

from __future__ import annotations

import signal
import subprocess
import sys

from tests.portal_process import ROOT

SCRIPT = """
from bench._steps import ends_with_its_children
ends_with_its_children()
import subprocess
child = subprocess.Popen(["sleep", "60"])
try:
    print("up", flush=True)
    child.wait()
finally:
    child.terminate()
    print("child ended with", child.wait(), flush=True)
"""


def test_sigterm_unwinds_as_ctrl_c_does() -> None:
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as script:
        assert script.stdout is not None
        assert script.stdout.readline() == "up\n"
        script.send_signal(signal.SIGTERM)
        assert script.stdout.read() == "child ended with -15\n"
        assert script.wait(10) == 128 + signal.SIGTERM
