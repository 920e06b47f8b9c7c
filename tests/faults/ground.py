"""What a storm of faults deploys: two environments, an edge, and a worker that tells on itself.

The worker holds a file's lock for its whole life, so that two of them at work at once, of whatever
colour, are noticed; it takes numbered jobs and writes each down as done, so that one done twice is too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from platforms.local.digest import digest_folder
from tests.e2e import own_platform

EDGE, WORKER = "patient-web", "reminders"
WORKER_SOURCE = """
import fcntl, json, os, signal, sys, threading
from pathlib import Path

HERE = json.loads(Path(__file__).with_name("how.json").read_text())
jobs = Path(HERE["jobs"]) / os.environ["ENVIRONMENT"]
for name in ("waiting", "hand"):
    (jobs / name).mkdir(parents=True, exist_ok=True)
ending = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ending.set())

def note(file, text):
    number = os.open(jobs / file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(number, (text + "\\n").encode())
    os.close(number)

alone = open(jobs / "alone", "w")
try:
    fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    note("overlaps", os.environ["SLOT"])
    sys.exit(1)
done = set((jobs / "done").read_text().split()) if (jobs / "done").exists() else set()
for left in (jobs / "hand").iterdir():
    left.unlink() if left.name in done else left.rename(jobs / "waiting" / left.name)
print("works in", os.environ["SLOT"], flush=True)
while not ending.is_set():
    job = next(iter((jobs / "waiting").iterdir()), None)
    if job is None:
        ending.wait(0.2)
        continue
    hand = job.rename(jobs / "hand" / job.name)
    ending.wait(0.02)
    note("done", job.name)
    hand.unlink()
"""


def document() -> dict[str, Any]:
    """The platform file: one region, short times, and somebody outside who is written to."""
    raw = own_platform.document()
    edge = raw["components"][0]
    worker = {"command": ["{python}", "{artifact}/work.py"], "stop_seconds": 3}
    raw["components"] = [edge, {"name": WORKER, "kind": "worker", "manifest": worker}]
    raw["stakeholders"] = [{"name": "Ines", "email": "ines@clinic.example", "zone": "Europe/Oslo"}]
    return raw


def lay_out(folder: Path) -> Path:
    """Write the platform file into `folder`, whose `build/` will hold the artefacts."""
    (folder / "build").mkdir(parents=True)
    file = folder / "platform.yaml"
    file.write_text(json.dumps(document()))
    return file


def build(folder: Path, version: str, *, fails_every: int = 0) -> dict[str, Any]:
    """The entries of a release of that version, its artefacts laid out."""
    edge = own_platform.artefact(folder, EDGE, version, fails_every=fails_every)
    how = json.loads((edge / "how.json").read_text())
    (edge / "how.json").write_text(json.dumps({**how, "asks": ""}))
    worker = folder / "build" / f"{WORKER}-{version}"
    worker.mkdir()
    (worker / "how.json").write_text(json.dumps({"jobs": str(jobs(folder)), "version": version}))
    (worker / "work.py").write_text(WORKER_SOURCE)
    return {
        EDGE: {"artifact": digest_folder(edge), "version": version},
        WORKER: {"artifact": digest_folder(worker), "version": version},
    }


def jobs(folder: Path) -> Path:
    """Where the workers' jobs lie, by environment."""
    return folder / "jobs"


def give_job(folder: Path, number: int) -> None:
    """One more job for production's worker."""
    waiting = jobs(folder) / "live" / "waiting"
    waiting.mkdir(parents=True, exist_ok=True)
    fresh = jobs(folder) / f"job-{number}"
    fresh.touch()
    fresh.rename(waiting / str(number))
