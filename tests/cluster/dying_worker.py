"""A worker that dies by SIGKILL at the worst instants of a run, once at each; for tests and benchmarks.

`python -m tests.cluster.dying_worker FILE INSTANTS OPTIONS…` with the options of `celery worker`. FILE keeps
the instants at which one has died, so that the next worker goes on to the next. INSTANTS, with commas:
`before` (a step and the wish to change a target are recorded, nothing was written), `between` (the target
has been changed, nothing of it is recorded) and `boundary` (the end of steps has been recorded, nothing was
asked since). Everything else is the portal's own worker.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

INSTANTS = ("before", "between", "boundary")


class Fate:
    """Where to die, and where one has died."""

    def __init__(self, file: Path, instants: str, die: Callable[[], None]) -> None:
        self._file, self._instants, self._die = file, instants.split(","), die

    def comes(self, instant: str, where: str) -> None:
        """Die here, unless that was tried already."""
        entry = f"{instant} {where}"
        known = self._file.read_text().splitlines() if self._file.exists() else []
        if instant not in self._instants or entry in known:
            return
        with self._file.open("a") as file:
            file.write(f"{entry}\n")
        self._die()

    def carrying_out(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """The engine's `carry_out`, with a death on either side of what changes a target."""
        from deployments.services.calls import CHANGES

        def carry_out(lease: Any, run: Any, platform: Any, call: Any) -> Any:
            where = f"{call.kind} of step {call.step}"
            if call.kind in CHANGES:
                self.comes("before", where)
            answer = real(lease, run, platform, call)
            if call.kind in CHANGES:
                self.comes("between", where)
            return answer

        return carry_out

    def committing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """The engine's transaction, with a death right after one that ended steps."""

        from deployments import queries

        @contextmanager
        def fenced(lease: Any, known: Any = None) -> Iterator[Any]:
            with real(lease, known) as run:
                before = run.steps.filter(state="done").count()
                yield run
                after = sum(step.state == "done" for step in queries.steps_of(run))
            if after > before:
                self.comes("boundary", f"after step {after}")

        return fenced


def lose_power() -> None:
    """End as a machine does whose plug is pulled."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Meet the fate, else be a worker."""
    import django

    from hmhp_portal.celery import app

    django.setup()
    from deployments.services import reconcile

    file, instants, *options = sys.argv[1:]
    fate = Fate(Path(file), instants, lose_power)
    reconcile.calls.carry_out = fate.carrying_out(reconcile.calls.carry_out)
    reconcile.fenced = fate.committing(reconcile.fenced)
    app.worker_main(["worker", *options])


if __name__ == "__main__":
    main()
