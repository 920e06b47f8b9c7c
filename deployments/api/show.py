"""Runs and environments written down as JSON; `deployments.api.gives` describes the same shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.queries import labels
from deployments import queries
from deployments.models import DeploymentRun, Environment, EnvironmentLock, RunStep
from deployments.plan.words import sentences

Names = Mapping[str, str]


def row(run: DeploymentRun, names: Names) -> dict[str, Any]:
    """A run in a list."""
    return {
        "id": run.pk,
        "environment": run.environment.name,
        "kind": run.kind,
        "release": run.subject,
        "state": run.state,
        "sentence": run.sentence,
        "content_hash": run.content_hash,
        "emergency": run.emergency,
        "started_by": names.get(run.started_by, run.started_by),
        "queued_at": run.queued_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }


def rows(runs: Sequence[DeploymentRun]) -> list[dict[str, Any]]:
    """Runs in a list, with the names of who started them."""
    names = labels(run.started_by for run in runs)
    return [row(run, names) for run in runs]


def whole(run: DeploymentRun) -> dict[str, Any]:
    """Everything about one run but its lines."""
    facts = queries.run_facts(run)
    return {
        **row(run, labels([run.started_by])),
        "intent": run.intent,
        "slot": run.slot,
        "seal": run.seal,
        "reason": run.reason,
        "blue": run.blue.subject if run.blue else None,
        "proved_by": run.proved_by_id,
        "retires": run.retires_id,
        "retained_until": run.retained_until,
        "closed_at": run.closed_at,
        "percent": facts.percent,
        "verdict": facts.verdict,
        "elapsed_seconds": facts.elapsed_seconds,
        "next_step_in_seconds": facts.next_step_in_seconds,
        "plan": sentences(run.plan),
        "regions": [_region(region) for region in facts.regions],
        "steps": [_step(step) for step in run.steps.all()],
        "seq": run.head.seq,
    }


def _region(region: queries.RegionFacts) -> dict[str, Any]:
    return {
        "region": region.region,
        "percent": region.percent,
        "weights": region.weights,
        "reachable": region.reachable,
        "age_seconds": region.age_seconds,
        "verdict": region.verdict,
        "sentence": region.verdict_sentence,
        "limits": list(region.rows),
    }


def _step(step: RunStep) -> dict[str, Any]:
    took = step.ended_at - step.started_at if step.started_at and step.ended_at else None
    return {
        "ordinal": step.ordinal,
        "group": step.group,
        "kind": step.kind,
        "region": step.region,
        "weight": step.weight,
        "title": step.title,
        "state": step.state,
        "started_at": step.started_at,
        "ended_at": step.ended_at,
        "seconds": took.total_seconds() if took else None,
        "sentence": step.sentence,
    }


def ladder() -> list[dict[str, Any]]:
    """Every environment with what is live in each of its regions."""
    found = list(queries.environments().select_related("serving"))
    live: dict[str, list[queries.LiveTarget]] = {}
    for target in queries.live_where():
        live.setdefault(target.environment, []).append(target)
    last = found[-1].pk if found else None
    return [_environment(e, live.get(e.name, []), production=e.pk == last) for e in found]


def _environment(
    environment: Environment, live: Sequence[queries.LiveTarget], *, production: bool
) -> dict[str, Any]:
    active = queries.active_run(environment)
    lock = queries.open_lock(environment)
    return {
        "name": environment.name,
        "purpose": environment.purpose,
        "data_class": environment.data_class,
        "access": environment.access,
        "deployers": environment.deployers,
        "zone": environment.zone,
        "production": production,
        "serving": environment.serving.subject if environment.serving else None,
        "active_run": active.pk if active else None,
        "waiting_runs": list(queries.waiting_runs(environment).values_list("pk", flat=True)),
        "lock": _lock(lock) if lock else None,
        "regions": [_live(target) for target in live],
    }


def _lock(lock: EnvironmentLock) -> dict[str, Any]:
    return {
        "reason": lock.reason,
        "release": lock.release_label,
        "since": lock.since,
        "by": labels([lock.by])[lock.by],
    }


def _live(target: queries.LiveTarget) -> dict[str, Any]:
    return {
        "region": target.region,
        "zone": target.zone,
        "release": target.release or None,
        "slot": target.slot or None,
        "weights": target.weights,
        "background": target.background,
        "components": [
            {
                "name": component.name,
                "kind": component.kind,
                "version": component.version,
                "artifact": component.artifact,
                "ready": component.ready,
                "reason": component.reason,
            }
            for component in target.components
        ],
        "addresses": target.addresses,
        "reachable": target.reachable,
        "sentence": target.sentence,
        "mark": target.mark,
        "seen_at": target.seen_at,
    }
