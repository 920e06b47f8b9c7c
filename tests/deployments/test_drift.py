"""What runs is compared with what was approved; each difference is told once, and its end too."""

from __future__ import annotations

import pytest

from deployments import queries
from deployments.models import DeploymentRun, Environment, TargetView
from deployments.services import drifting
from events import queries as events
from tests.deployments.engine import serving_version
from tests.deployments.memory_platform import World

pytestmark = pytest.mark.django_db


def kinds(run: DeploymentRun) -> list[str]:
    """What was told about drift, the oldest first."""
    return [e.kind for e in events.after(run.stream, 0) if e.kind.startswith("run.drift")]


def change(run: DeploymentRun, artifact: str) -> None:
    """Somebody gave the web component of the first region another artefact."""
    view = TargetView.objects.filter(target__environment=run.environment).order_by("target_id")[0]
    for component in view.slots[run.slot]["components"]:
        if component["name"] == "web":
            component["artifact"] = artifact
    view.save()


def test_what_was_approved_is_no_drift(world: World, production: Environment) -> None:
    run = serving_version(world)
    assert queries.drift(run, queries.targets_of(production)) == ()
    assert drifting.check() == 0
    assert kinds(run) == []


def test_other_digest_is_told_once_and_its_end_too(world: World, production: Environment) -> None:
    run = serving_version(world)
    approved = run.content["components"]["web"]["artifact"]
    change(run, "sha256:" + "e" * 64)
    for _ in range(3):
        assert drifting.check() == 1
    assert kinds(run) == ["run.drifted"]
    change(run, approved)
    drifting.check()
    assert kinds(run) == ["run.drifted", "run.drift_ended"]


def test_traffic_to_another_colour_is_drift(world: World, production: Environment) -> None:
    run = serving_version(world)
    TargetView.objects.filter(target__environment=production).update(weights={"other": 100})
    differences = queries.drift(run, queries.targets_of(production))
    assert any("sends 100 % of its traffic to other" in text for text in differences)


def test_silent_target_is_no_drift(world: World, production: Environment) -> None:
    run = serving_version(world)
    change(run, "sha256:" + "e" * 64)
    TargetView.objects.update(reachable=False)
    assert queries.drift(run, queries.targets_of(production)) == ()
