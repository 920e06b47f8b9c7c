"""What really runs, handed to the compliance checks. Called by `advance` after a run and in monitoring."""

from __future__ import annotations

from datetime import timedelta

from compliance import queries as compliance
from compliance.models import Finding
from compliance.observed import Observed, TargetSeen
from compliance.services import run_checks
from deployments.models import Environment, Target
from events import clock
from releases.models import Release

EVERY = timedelta(minutes=5)
"""How often monitoring looks again at what runs."""


def check(release: Release, production: Environment) -> list[Finding]:
    """Compare what runs in every target with what was signed; returns the findings."""
    targets = production.targets.filter(retired_at=None).select_related("region", "environment", "view")
    observed = Observed(
        now=clock.now(),
        signed={name: entry["artifact"] for name, entry in release.content["components"].items()},
        targets=tuple(_seen(target) for target in targets),
    )
    return run_checks(subject=release.stream, stream=release.stream, observed=observed)


def check_when_due(release: Release, production: Environment) -> None:
    """The same, unless the last look is fresh."""
    last = max((finding.at for finding in compliance.newest(release.stream)), default=None)
    if last is None or clock.now() - last >= EVERY:
        check(release, production)


def _seen(target: Target) -> TargetSeen:
    view = getattr(target, "view", None)
    weights: dict[str, int] = dict(view.weights) if view is not None else {}
    serving = next((slot for slot, weight in weights.items() if weight == 100), "")
    slot = view.slots.get(serving, {}) if view is not None else {}
    return TargetSeen(
        environment=target.environment.name,
        region=target.region.name,
        wanted_data_class=target.environment.data_class,
        data_class=target.data_class,
        reachable=bool(view is not None and view.reachable),
        seen_at=view.seen_at if view is not None else None,
        serving=serving,
        running={c["name"]: c["artifact"] for c in slot.get("components", ())},
    )
