"""Releases on their way while faults strike: staged, signed, shifted, paused, aborted, completed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.faults import ground
from tests.faults.caller import PatientCaller

SIGNERS = {"mara": "release_manager", "iris": "qa_lead", "jonas": "security_officer"}
Panel = tuple[Mapping[str, str], str]
"""Who signs in which role, and who decides. A person has one code in thirty seconds."""
ENDS = ("succeeded", "failed", "cancelled", "rolled_back")
STORIES = ("good", "good", "good", "paused", "aborted", "aborted", "bad")


@dataclass
class Told:
    """What the portal acknowledged: it may never be lost."""

    signatures: list[tuple[str, str]] = field(default_factory=list)
    runs: dict[str, list[int]] = field(default_factory=dict)
    ends: list[tuple[str, str, str]] = field(default_factory=list)


class Releases:
    """One release after the other, as `callers` would bring them out."""

    def __init__(self, folder: Path, callers: Mapping[str, PatientCaller], seed: int) -> None:
        self.told = Told()
        self.watch: Callable[[int], None] = lambda run: None
        self.serves: Callable[[], None] = lambda: None
        self.panels: Iterator[Panel] = itertools.repeat((SIGNERS, "nora"))
        self._folder = folder
        self._callers = callers
        self._chance = random.Random(seed)
        self._numbers = itertools.count(1)

    def first(self) -> None:
        """Something that serves, before anything is broken."""
        self.bring(story="good")

    def bring(self, story: str = "") -> None:
        """One release to its end, whichever that is."""
        story = story or self._chance.choice(STORIES)
        version, run = self.start(story)
        self.watch(run)
        self._follow(version, run, story)

    def start(self, story: str) -> tuple[str, int]:
        """One release until production is started: its version and its run."""
        version = f"{next(self._numbers)}.0.0"
        entries = ground.build(self._folder, version, fails_every=4 if story == "bad" else 0)
        seal = self._to_review(version, entries)
        return version, self._to_production(version, seal)

    def _to_review(self, version: str, entries: Mapping[str, Any]) -> str:
        ci, one = self._callers["ci"], f"releases/{version}/"
        author = {"host": "git.example", "login": "finn-git"}
        ci.ok(
            "POST",
            "releases/",
            {
                "version": version,
                "kind": "feature",
                "commit": "9b1c6d2",
                "authors": [author],
                "title": "Bookings",
                "components": entries,
            },
        )
        ci.ok("POST", f"{one}checklist/security_scan/", {"result": "pass", "link": "https://ci.example/1"})
        while True:
            run = int(ci.ok("POST", f"{one}stage/", {})["run"])
            self.told.runs.setdefault(version, []).append(run)
            ended = ci.wait(f"deployments/{run}/", lambda shown: shown["state"] in ENDS)
            if ended["state"] == "succeeded":
                break
            ci.wait(one, lambda shown: shown["state"] == "draft")
        ci.wait(one, lambda shown: shown["state"] == "validating")
        for name in ("smoke", "load"):
            self._callers["iris"].ok("POST", f"{one}validations/{name}/", {"result": "pass"})
        return str(self._callers["mara"].ok("POST", f"{one}submit/")["seal"])

    def _to_production(self, version: str, seal: str) -> int:
        one = f"releases/{version}/"
        signers, decider = next(self.panels)
        for name, role in signers.items():
            body = {"role": role, "answer": "go", "seal": seal}
            self._callers[name].ok("POST", f"{one}sign-offs/", body, coded=True)
            self.told.signatures.append((version, role))
        now = datetime.now(UTC)
        end = (now + timedelta(hours=2)).isoformat()
        window = {"start": now.isoformat(), "end": end, "zone": "Europe/Oslo"}
        self._callers[decider].ok(
            "POST", f"{one}decision/", {"answer": "go", "seal": seal, "window": window}, coded=True
        )
        fact = {"value": "clear", "link": "https://ops.example/1"}
        self._callers["theo"].ok("POST", f"{one}facts/backup_age/", fact)
        run = int(self._callers["theo"].ok("POST", f"{one}deploy/", {"seal": seal})["run"])
        self.told.runs.setdefault(version, []).append(run)
        return run

    def _follow(self, version: str, run: int, story: str) -> None:
        theo, one, path = self._callers["theo"], f"releases/{version}/", f"deployments/{run}/"
        if story in ("paused", "aborted"):
            theo.wait(path, lambda shown: shifting(shown) or shown["state"] in ENDS)
        if story == "paused":
            status, _ = theo.call("POST", f"{path}pause/", {"reason": "Looking"})
            if status < 300:
                theo.call("POST", f"{path}resume/", {"reason": "Fine"})
        if story == "aborted":
            theo.call("POST", f"{path}abort/", {"reason": "Wrong figures"})
        shown = theo.wait(path, lambda shown: shown["state"] in ENDS, 300)
        self.serves()
        released = theo.wait(
            one, lambda shown: shown["state"] in ("completed", "rolled_back", "review", "superseded"), 240
        )
        self.told.ends.append((version, story, f"{shown['state']}/{released['state']}"))
        if released["state"] == "rolled_back":
            lessons = {"cause": "A storm", "lessons": "Weather it", "actions": []}
            self._callers["mara"].ok("POST", f"{one}lessons/", lessons)
        elif released["state"] == "review":
            self._callers["mara"].call("POST", f"{one}cancel/", {"reason": "Ended before any weight"})


def shifting(shown: Mapping[str, Any]) -> bool:
    steps = shown.get("steps", [])
    return any(step["kind"] == "shift" and step["state"] == "running" for step in steps)
