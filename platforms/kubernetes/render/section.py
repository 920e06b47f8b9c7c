"""The `kubernetes` section of a component's manifest: the short form, typed.

What the section leaves out comes from the manifest's own keys, which the local target reads too
(command, health, replicas, every, stop_seconds, jobs), so that one platform file runs on both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from platforms.kubernetes import calendar

IMAGE_FOLDER = "/app"
"""Where an image is expected to hold what a local artefact's folder holds."""

PORT = 8080

OF_A_TEAM = frozenset(
    {
        "chart",
        "manifests",
        "values",
        "files",
        "image",
        "port",
        "environment",
        "calls",
        "jobs",
        "sizes",
        "mount",
    }
)
"""What counts beside a team's own chart or manifests; everything else is said there."""

_FILE_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")
"""What a ConfigMap takes as a key; a folder within the folder it does not take."""


class Strict(BaseModel):
    """Unknown keys are errors: a misspelt limit must not be silently no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Probe(Strict):
    """How the kubelet asks a pod: an HTTP path, or a command; seconds between questions."""

    path: str = ""
    command: tuple[str, ...] = ()
    period_seconds: int = Field(5, ge=1, le=300)
    timeout_seconds: int = Field(2, ge=1, le=60)
    failures: int = Field(3, ge=1, le=100)


class Probes(Strict):
    """Readiness decides about traffic, liveness about restarts, startup gives time to begin."""

    readiness: Probe | None = None
    liveness: Probe | None = None
    startup: Probe | None = None


class Resources(Strict):
    """What a pod asks for and what it may use at most, as Kubernetes writes quantities."""

    requests: Mapping[str, str] = Field(default_factory=lambda: {"cpu": "50m", "memory": "64Mi"})
    limits: Mapping[str, str] = Field(default_factory=lambda: {"memory": "256Mi"})


class SecretReference(Strict):
    """Where a value that is never ours to hold comes from: exactly one of the three.

    `secret`: a Secret of the namespace. `external`: a path in the ExternalSecret store `store`.
    `vault`: a path that Vault's agent writes into the pod.
    """

    secret: str = ""
    external: str = ""
    store: str = ""
    vault: str = ""
    key: str = ""


class Autoscale(Strict):
    """Bounds of the autoscaler, and how full pods may be on average, in percent of their requests."""

    maximum: int = Field(ge=1, le=1000)
    cpu_percent: int | None = Field(70, ge=1, le=100)
    memory_percent: int | None = Field(None, ge=1, le=100)


class Peer(Strict):
    """Something outside the platform that a component may call."""

    cidr: str
    ports: tuple[int, ...] = ()


class Mount(Strict):
    """Files of a folder beside the platform file, put into the pod where an image holds none of its own."""

    folder: str = Field(min_length=1)
    path: str = Field(IMAGE_FOLDER, pattern=r"^/.")


class Section(Strict):
    """One component on Kubernetes, for one environment."""

    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    port: int = Field(PORT, ge=1, le=65_535)
    probes: Probes = Probes()
    resources: Resources = Resources()
    environment: Mapping[str, str] = Field(default_factory=dict)
    secrets: Mapping[str, SecretReference] = Field(default_factory=dict)
    calls: tuple[str, ...] | None = None
    egress: tuple[Peer, ...] = ()
    replicas: int = Field(1, ge=1, le=1000)
    autoscale: Autoscale | None = None
    sizes: tuple[Mapping[str, Any], ...] = ()
    schedule: str = ""
    stop_seconds: int = Field(10, ge=0, le=3600)
    run_as_user: int = Field(10_001, ge=1)
    writable: tuple[str, ...] = ("/tmp",)  # noqa: S108  (a path in the container)
    annotations: Mapping[str, str] = Field(default_factory=dict)
    image_pull_secret: str = ""
    jobs: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    chart: str = ""
    values: Mapping[str, Any] = Field(default_factory=dict)
    mount: Mount | None = None
    manifests: str = ""
    files: Mapping[str, str] = Field(default_factory=dict)

    @property
    def form(self) -> Literal["short", "chart", "manifests"]:
        """Who writes the objects: we, the team's chart, or the team."""
        return "chart" if self.chart else "manifests" if self.manifests else "short"


def read_section(
    name: str, manifest: Mapping[str, Any], environment: str
) -> tuple[Section | None, list[str]]:
    """The section as it is meant in that environment, or None and what is wrong with it."""
    given = dict(manifest.get("kubernetes") or {})
    own = (given.pop("environments", None) or {}).get(environment) or {}
    if "files" in own:
        given.pop("files", None)  # another folder is not laid over the first one
    merged = _merged(_inherited(manifest), _merged(given, own))
    try:
        section = Section.model_validate(merged)
    except ValidationError as error:
        return None, [_problem(name, found) for found in error.errors(include_url=False)]
    if section.form != "short":
        idle = sorted(key for key in {**given, **own} if key not in OF_A_TEAM and merged[key])
        if idle:
            return None, [f"{name}: {_idle(section, idle)}"]
    problems = [f"{name}: {text}" for text in _contradictions(section)]
    return (None, problems) if problems else (section, [])


def _idle(section: Section, keys: Sequence[str]) -> str:
    """What a key would be that nobody reads: a limit that is no limit."""
    is_chart = section.form == "chart"
    beside, where = ("a chart", "its values") if is_chart else ("manifests", "them")
    return f"kubernetes.{', '.join(keys)} has no effect beside {beside}; say it in {where}."


def _inherited(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that the local target reads, as a container means them."""
    found: dict[str, Any] = {"jobs": {k: _words(v) for k, v in (manifest.get("jobs") or {}).items()}}
    if manifest.get("command"):
        found["command"] = _words(manifest["command"])
    if manifest.get("health"):
        found["probes"] = {"readiness": {"path": manifest["health"]}}
    for key in ("replicas", "stop_seconds"):
        if key in manifest:
            found[key] = int(manifest[key])
    if "every" in manifest:
        found["schedule"] = _cron(float(manifest["every"]))
    return found


def _words(command: Any) -> list[str]:
    """A command whose placeholders mean the container instead of a process of the agent."""
    filled = {"{python}": "python3", "{artifact}": IMAGE_FOLDER, "{port}": str(PORT)}
    words = []
    for word in command:
        text = str(word)
        for placeholder, value in filled.items():
            text = text.replace(placeholder, value)
        words.append(text)
    return words


def _cron(seconds: float) -> str:
    """The nearest schedule that cron knows, never more often than asked: whole minutes or hours."""
    minutes = max(1, -(-int(seconds) // 60))
    if minutes < 60:
        return f"*/{minutes} * * * *"
    return f"0 */{min(23, -(-minutes // 60))} * * *"


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on `base`; mappings key by key, everything else whole."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _contradictions(section: Section) -> list[str]:
    found = []
    if section.chart and section.manifests:
        found.append("it names a chart and manifests; one of them.")
    if section.values and not section.chart:
        found.append("kubernetes.values has no effect without a chart.")
    if section.mount:
        found += [f"kubernetes.mount: {text}" for text in _mount_problems(section)]
    if section.autoscale and section.autoscale.maximum < section.replicas:
        found.append(
            f"its autoscaler stops at {section.autoscale.maximum}, below its {section.replicas} replicas."
        )
    found += [f"kubernetes.sizes: {text}" for text in calendar.problems(section.sizes)]
    most = section.autoscale.maximum if section.autoscale else None
    if most and any(int(entry.get("replicas") or 0) > most for entry in section.sizes):
        found.append(f"one of its sizes by the clock is above its autoscaler's maximum {most}.")
    for key, reference in section.secrets.items():
        ways = [way for way in (reference.secret, reference.external, reference.vault) if way]
        if len(ways) != 1:
            found.append(f"the secret {key} needs exactly one of secret, external and vault.")
        if reference.external and not reference.store:
            found.append(f"the secret {key} needs the store that its external path is in.")
    return found


def _mount_problems(section: Section) -> list[str]:
    if section.form != "short":
        return ["a chart or manifests bring their own files; leave it out."]
    if not section.files:
        return ["no file of it was loaded; load the platform file again."]
    strange = sorted(name for name in section.files if not _FILE_NAME.fullmatch(name))
    if strange:
        return [f"a mounted folder holds plain files, named by letters, digits, . _ -: not {strange[0]}."]
    return []


def _problem(name: str, error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{name}: kubernetes.{where}: {error['msg']}."
