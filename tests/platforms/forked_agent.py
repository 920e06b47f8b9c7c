"""The agent as tests have it: forked from a process that has imported its code, in half a second less."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

from hmhp_portal.embedded.child import end_with
from platforms.local import agent

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])


def start_agent(arguments: Sequence[str | Path], log: Path) -> BaseProcess:
    """`python -m platforms.local.agent` with these arguments; it ends with its parent."""
    process = _forks.Process(target=_be_agent, args=([*map(str, arguments)], log), daemon=True)
    process.start()
    return process


def _be_agent(arguments: list[str], log: Path) -> None:
    end_with(os.getppid(), signal.SIGTERM)
    threading.Thread(target=_end_with_the_tests, daemon=True).start()
    with log.open("ab") as output:
        for number in (1, 2):
            os.dup2(output.fileno(), number)
    os.environ["PORTAL_SECRET_KEY"] = "must-not-reach-a-release"
    sys.argv = ["agent", *arguments]
    agent.main()


def _end_with_the_tests() -> None:
    """Whatever kills them: the process between us lives as long as we do."""
    tests = multiprocessing.parent_process()
    assert tests is not None
    tests.join()
    os.kill(os.getpid(), signal.SIGTERM)
