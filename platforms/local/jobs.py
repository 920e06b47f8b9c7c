"""Jobs of a release: migrations, smoke tests. Each key runs once, whatever happens.

In come a JobSpec and a way to start its command, out goes where it stands. The outcome is kept in a
file by the key, so that the same key gets the same answer after a restart of the agent. A job that
was running when the agent died has an outcome that nobody knows: it is told as failed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from platforms.base import JobResult, JobSpec, JobState, PlatformError, PlatformRefused
from platforms.local.children import Child
from platforms.local.keeper import ended
from platforms.local.lines import JobLines
from platforms.local.state import write_atomically

KEPT_SECONDS = 40 * 86_400
STOP_SECONDS = 10.0

Start = Callable[[Callable[[str], None]], Awaitable[Child]]
"""Starts the job's command with a sink for its lines."""


class Job:
    """One job, running or ended."""

    def __init__(self, spec: JobSpec, lines: JobLines) -> None:
        self.spec = spec
        self.lines = lines
        self.exit_code: int | None = None
        self.state: JobState = "running"
        self.task: asyncio.Task[None] | None = None
        self.child: Child | None = None

    @property
    def result(self) -> JobResult:
        """Where it stands."""
        lines = self.lines.so_far()
        return JobResult(self.spec.key, self.state, self.exit_code, lines, self.lines.truncated)


class JobBook:
    """The jobs of one target, kept in files below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs: dict[str, Job] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.json"):
            self._take_up(path)

    def get(self, spec: JobSpec) -> JobResult | None:
        """Where the job of that key stands; None when the key is new.

        Raises PlatformRefused (`invalid`) when the key was used for another job.
        """
        job = self._jobs.get(spec.key)
        if job is None:
            return None
        known = (job.spec.slot, job.spec.component, job.spec.name)
        if known != (spec.slot, spec.component, spec.name):
            raise PlatformRefused("invalid", f"The key {spec.key} was given to the job {' '.join(known)}.")
        return job.result

    def run(self, spec: JobSpec, start: Start) -> JobResult:
        """Begin the job of a new key. Raises OSError when it cannot be written down first."""
        job = Job(spec, JobLines())
        self._keep(job)
        self._jobs[spec.key] = job
        job.task = asyncio.create_task(self._run(job, start))
        return job.result

    async def stop(self, slot: str | None = None) -> None:
        """End the running jobs (of that slot); they count as failed."""
        tasks = []
        for job in self._jobs.values():
            if job.task is not None and not job.task.done() and slot in (None, job.spec.slot):
                job.lines.add("stopped: its release was taken down or the agent ends")
                job.task.cancel()
                tasks.append(job.task)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, job: Job, start: Start) -> None:
        try:
            job.child = await start(job.lines.add)
            job.exit_code = await asyncio.wait_for(job.child.wait(), job.spec.timeout_seconds)
        except PlatformError as error:
            job.lines.add(str(error))
        except TimeoutError:  # before OSError, which it is one of
            job.lines.add(f"stopped: it had not ended after {job.spec.timeout_seconds} s")
            await self._end(job, STOP_SECONDS)
        except (OSError, ValueError) as error:
            job.lines.add(f"cannot be started: {error}")
        except asyncio.CancelledError:
            await self._end(job, 1.0)
        if job.exit_code not in (None, 0):
            job.lines.add(ended(job.exit_code or 0))
        job.lines.end()
        job.state = "succeeded" if job.exit_code == 0 else "failed"
        self._keep(job)

    async def _end(self, job: Job, seconds: float) -> None:
        """End its process; an exit code after that says nothing about the work."""
        if job.child is not None:
            code = await job.child.stop(seconds)
            job.exit_code = code or None

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"

    def _keep(self, job: Job) -> None:
        result, spec = job.result, job.spec
        document = {
            "key": spec.key,
            "slot": spec.slot,
            "component": spec.component,
            "name": spec.name,
            "timeout_seconds": spec.timeout_seconds,
            "state": result.state,
            "exit_code": result.exit_code,
            "lines": result.lines,
            "truncated": result.truncated,
        }
        write_atomically(self._path(spec.key), json.dumps(document))

    def _take_up(self, path: Path) -> None:
        """A job of an earlier life of the agent; very old ones are forgotten."""
        if time.time() - path.stat().st_mtime > KEPT_SECONDS:
            path.unlink()
            return
        raw = json.loads(path.read_text())
        spec = JobSpec(raw["key"], raw["slot"], raw["component"], raw["name"], raw["timeout_seconds"])
        job = self._jobs[spec.key] = Job(spec, JobLines(raw["lines"], raw["truncated"]))
        job.exit_code, job.state = raw["exit_code"], raw["state"]
        if job.state == "running":
            job.state = "failed"
            job.lines.add("The agent ended while this job ran: how far it came is not known.")
            self._keep(job)
