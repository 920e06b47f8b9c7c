"""What the local target reads in a component's manifest, and how a command is filled in.

In comes the manifest of the platform file as it was frozen into the content, out goes a typed
`Manifest` or the sentences that say what is wrong with it. Called by the agent for every slot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from platforms.base import ComponentSpec

PLACEHOLDERS = (
    "python",
    "port",
    "artifact",
    "region",
    "environment",
    "database_url",
    "slot",
    "release",
)
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_KNOWN = frozenset({"command", "health", "jobs", "replicas", "every", "stop_seconds", "kubernetes"})
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

RESERVED = frozenset({"PORT", "REGION", "ENVIRONMENT", "DATABASE_URL", "RELEASE", "SLOT", "HMHP_AGENT"})
"""Variables that the agent sets; a release's configuration may not."""

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """How to run a component.

    `health` is the path that answers 2xx when an http component is ready (without it an open port
    will do). `every` is a schedule's pause in seconds between two starts. `stop_seconds` is what a
    process gets between SIGTERM and SIGKILL.
    """

    command: Command
    health: str = ""
    jobs: Mapping[str, Command] = field(default_factory=dict)
    replicas: int = 1
    every: float = 60.0
    stop_seconds: float = 10.0


def read_manifest(component: ComponentSpec) -> tuple[Manifest | None, list[str]]:
    """The manifest, or None and the sentences that say what is wrong."""
    raw = component.manifest
    problems = [f"its manifest has an unknown key {key}" for key in sorted(set(raw) - _KNOWN)]
    command = _command(raw.get("command"), "command", problems)
    jobs_raw = raw.get("jobs") or {}
    if not isinstance(jobs_raw, Mapping):
        problems.append("jobs must map a name to a command")
        jobs_raw = {}
    jobs = {name: _command(value, f"the job {name}", problems) for name, value in jobs_raw.items()}
    health = raw.get("health", "")
    if not isinstance(health, str) or (health and not re.fullmatch(r"/[!-~]*", health)):
        problems.append("health must be a path that begins with /")
    replicas = _number(raw, "replicas", 1, 1, 20, problems)
    every = _number(raw, "every", 60, 1, 86_400, problems)
    stop = _number(raw, "stop_seconds", 10, 0, 600, problems)
    if component.kind == "schedule" and replicas != 1:
        problems.append("a schedule runs once at a time, so its replicas must be 1")
    problems += _configuration_problems(component.configuration)
    if problems:
        return None, [f"{component.name}: {problem}." for problem in problems]
    return Manifest(command, health, jobs, int(replicas), every, stop), []


def fill(command: Sequence[str], values: Mapping[str, str]) -> Command:
    """The command with its placeholders filled in; a literal {…} of another name stays."""
    return tuple(_PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), word) for word in command)


def _command(value: object, what: str, problems: list[str]) -> Command:
    if not isinstance(value, list | tuple) or not value or not all(isinstance(w, str) for w in value):
        problems.append(f"{what} must be a list of words")
        return ()
    if any("\0" in word for word in value) or not value[0]:
        problems.append(f"{what} holds a word that cannot be passed on")
    for word in value:
        for name in _PLACEHOLDER.findall(word):
            if name not in PLACEHOLDERS:
                problems.append(f"{what} names {{{name}}}; there are: {', '.join(PLACEHOLDERS)}")
    return tuple(value)


def _number(
    raw: Mapping[str, Any], key: str, default: float, low: float, high: float, problems: list[str]
) -> float:
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        problems.append(f"{key} must be a number from {low} to {high}")
        return default
    return float(value)


def _configuration_problems(configuration: Mapping[str, str]) -> list[str]:
    problems = []
    for name, value in configuration.items():
        if not _VARIABLE.fullmatch(name):
            problems.append(f"its configuration {name!r} cannot be an environment variable")
        elif name in RESERVED:
            problems.append(f"its configuration sets {name}, which the target sets")
        elif "\0" in value:
            problems.append(f"the value of {name} holds a NUL character")
    return problems
