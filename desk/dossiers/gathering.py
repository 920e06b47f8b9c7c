"""What goes into a dossier: the records around a release or a period, section by section."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from approvals.models import BreakGlass, Decision, EmergencyStop, Gate, Requirement, Review, SignOff
from approvals.models.policies import ExceptionUse, PolicyVersion
from approvals.models.signed import SignedAct
from approvals.queries import exceptions_of
from compliance.models import Finding
from deployments.models import DeploymentRun, RunStep
from deployments.queries import lines_of
from desk.dossiers.rows import actor_ids, rows_of
from events import canonical
from events.fields import plain
from notifications.models import Message
from releases.models import (
    Author,
    FreezeOverride,
    ItemResult,
    Lessons,
    ManualFact,
    Release,
    ReleaseItem,
    Revision,
    Watching,
)

Section = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """A release by its version, or a period from `since` (included) to `until` (excluded), UTC."""

    release: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def releases(self) -> QuerySet[Release]:
        """The releases that it is about."""
        if self.release:
            return Release.objects.filter(version=self.release)
        alive = Q(ended_at=None) | Q(ended_at__gte=self.since)
        return Release.objects.filter(alive, created_at__lt=self.until).order_by("created_at", "id")

    def events(self, streams: list[str]) -> tuple[str, list[Any]]:
        """Which events, as SQL over `e` with its parameters."""
        if self.release:
            return "e.stream = ANY(%s)", [streams]
        return "e.at >= %s AND e.at < %s", [self.since, self.until]


def gather(scope: Scope, tell: Callable[[int], None]) -> dict[str, list[Section]]:
    """Every section by name; `tell` is told the percentage."""
    actors = actor_ids()
    releases = list(scope.releases())
    keys = [release.pk for release in releases]
    streams = [release.stream for release in releases]
    runs = list(DeploymentRun.objects.filter(stream__in=streams).select_related("environment").order_by("id"))
    glass = list(BreakGlass.objects.filter(stream__in=streams).order_by("id"))
    stops = _stops(scope, runs)
    late = [f"late-entry/{entry.pk}" for entry in glass if entry.late_entry]
    gates = _gates([*streams, *late, *(stop.stream for stop in stops)])
    gate_ids, run_ids = [gate.pk for gate in gates], [run.pk for run in runs]
    sections: dict[str, QuerySet[Any] | list[Any]] = {
        "releases": releases,
        "authors": Author.objects.filter(release__in=keys),
        "revisions": Revision.objects.filter(release__in=keys),
        "checklist": ReleaseItem.objects.filter(release__in=keys),
        "results": ItemResult.objects.filter(item__release__in=keys),
        "facts": ManualFact.objects.filter(release__in=keys),
        "watchings": Watching.objects.filter(release__in=keys),
        "lessons": Lessons.objects.filter(release__in=keys),
        "gates": gates,
        "requirements": Requirement.objects.filter(gate__in=gate_ids),
        "signoffs": SignOff.objects.filter(gate__in=gate_ids),
        "broken_glass": glass,
        "freeze_overrides": FreezeOverride.objects.filter(release__in=keys),
        "stops": stops,
        "reviews": Review.objects.filter(gate__in=gate_ids),
        "signed_acts": SignedAct.objects.filter(Q(stream__in=streams) | Q(gate__in=gate_ids)),
        "decisions": Decision.objects.filter(gate__in=gate_ids),
        "policies": PolicyVersion.objects.filter(number__in={gate.policy_version for gate in gates}),
        "policy_exceptions": ExceptionUse.objects.filter(gate__in=gate_ids),
        "runs": runs,
        "steps": RunStep.objects.filter(run__in=run_ids),
        "messages": Message.objects.filter(thread__in=streams).order_by("id"),
    }
    told = {}
    for number, (name, found) in enumerate(sections.items()):
        told[name] = rows_of(found, actors)
        tell(5 + 35 * number // len(sections))
    for act in told["signed_acts"]:
        said = canonical.loads(act["text"])
        act |= {name: said[name] for name in ("meaning", "reason", "factor_age_seconds") if name in said}
    told["declared_exceptions"] = [
        plain(declared.as_data()) | {"stream": stream}
        for stream in streams
        for declared in exceptions_of(stream)
    ]
    told["findings"] = rows_of(_findings(runs), actors)
    told["waivers"] = [finding for finding in told["findings"] if finding["verdict"] == "waived"]
    told["logs"] = [_log(run) for run in runs]
    return told


def streams_of(sections: dict[str, list[Section]]) -> list[str]:
    """The streams of events that belong to the releases."""
    told = {str(row["stream"]) for section in ("runs", "gates") for row in sections[section]}
    return sorted(told | {f"release/{release['version']}" for release in sections["releases"]})


def _gates(streams: list[str]) -> list[Gate]:
    """The gates at which the rules were signed that these subjects' gates ask by, and those gates."""
    gates = list(Gate.objects.filter(stream__in=streams).order_by("opened_at", "id"))
    versions = {gate.policy_version for gate in gates}
    rules = Gate.objects.filter(policy_adopted__number__in=versions).order_by("opened_at", "id")
    return [*rules, *gates]


def _stops(scope: Scope, runs: list[DeploymentRun]) -> list[EmergencyStop]:
    """The stops of the period, or those that could hold one of the release's runs."""
    if not scope.release:
        still = Q(lifted_at=None) | Q(lifted_at__gte=scope.since)
        return list(EmergencyStop.objects.filter(still, at__lt=scope.until).order_by("id"))
    held = Q()
    for run in runs:
        during = Q(at__lte=run.ended_at) if run.ended_at else Q()
        here = Q(environment="") | Q(environment=run.environment.name)
        held |= here & during & (Q(lifted_at=None) | Q(lifted_at__gte=run.queued_at))
    return list(EmergencyStop.objects.filter(held).order_by("id")) if runs else []


def _findings(runs: list[DeploymentRun]) -> QuerySet[Finding]:
    return Finding.objects.filter(stream__in={run.stream for run in runs})


def _log(run: DeploymentRun) -> Section:
    """How many lines a run's log has, and the SHA-256 over all of them in order."""
    digest, count = hashlib.sha256(), 0
    lines = lines_of(run)
    for seq, at, source, text in lines.values_list("seq", "at", "source", "text").iterator(chunk_size=2000):
        digest.update(f"{seq}\t{at.isoformat()}\t{source}\t{text}\n".encode())
        count += 1
    return {"run": run.pk, "lines": count, "sha256": digest.hexdigest()}
