"""A small platform and releases in every state, made by the real services.

Runs are led to their ends by the engine's own way of writing them down (`deployments.services.outcomes`);
what the engine does in between is tested in tests/deployments.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction

import deployments.platform_file
import releases.platform_file
from deployments.models import DeploymentRun, Target, TargetView
from deployments.services import outcomes
from deployments.states import RunState
from events import clock
from releases import queries
from releases.models import Release
from releases.services import create, deciding, facts, items, signing, stage, starting, submit, window
from releases.services.advance import advance
from releases.states import ItemList
from tests.cast import actor, make_cast
from tests.remembered import remembered

COMPONENTS = ("web", "records", "mailer")
STRATEGY = {"kind": "blue_green", "weights": [50, 100], "bake_seconds": 10, "monitoring_seconds": 600}


def document(**changes: Any) -> dict[str, Any]:
    """The platform file as a document; named sections are replaced."""
    regions = ["us-east", "eu-central"]
    places = [("development", "synthetic", regions[:1]), ("staging", "anonymized", regions[:1])]
    places.append(("production", "production", regions))
    everyone = ["developer", "qa_lead", "devops_engineer", "release_manager"]
    return {
        "regions": [{"name": name} for name in regions],
        "environments": [
            {
                "name": name,
                "data_class": data_class,
                "deployers": ["devops_engineer"] if name == "production" else everyone,
                "regions": where,
                "strategy": STRATEGY if name == "production" else {"kind": "switch"},
            }
            for name, data_class, where in places
        ],
        "targets": [
            {
                "environment": name,
                "region": region,
                "driver": "local",
                "data_class": data_class,
                "settings": {"artifacts": "artifacts"},
            }
            for name, data_class, where in places
            for region in where
        ],
        "components": [
            {"name": "web", "kind": "http", "edge": True, "manifest": {"command": ["web"]}},
            {"name": "records", "kind": "http", "manifest": {"command": ["records"]}},
            {"name": "mailer", "kind": "worker", "manifest": {"command": ["mailer"]}},
        ],
        "checklist": [
            {"name": "security_scan", "title": "Security scan", "about_artefacts": True},
            {"name": "release_notes", "title": "Release notes"},
        ],
        "validations": [{"name": "smoke", "title": "Smoke tests"}, {"name": "load", "title": "Under load"}],
        "facts": [{"name": "backup_age", "title": "Backup of production", "max_age_seconds": 900}],
        "freezes": [],
        **changes,
    }


def build(**changes: Any) -> None:
    """The platform and the whole cast."""
    make_cast()
    load(**changes)


def load(**changes: Any) -> None:
    """Bring the portal to this document."""
    for part in (deployments.platform_file, releases.platform_file):
        assert part.check(document(**changes)) == []
        part.apply(document(**changes), actor=actor("adam"))


def digest(letter: str) -> str:
    """A digest that can be told apart by its letter."""
    return "sha256:" + letter * 64


def whole(letter: str = "a") -> dict[str, Any]:
    """Every component with a digest."""
    return {name: {"artifact": digest(letter)} for name in COMPONENTS}


DANA = [{"host": "github.com", "login": "dana-gh", "name": "Dana"}]


def again(release: Release) -> Release:
    """The release as it is now."""
    return Release.objects.get(pk=release.pk)


_once = remembered(lambda release: release.pk, lambda pk: Release.objects.get(pk=pk))
"""Releases are built once, and laid where they are asked for again."""


@_once
def draft(version: str = "2026.11.0", **named: Any) -> Release:
    """A draft by dana with every digest."""
    given = {"kind": "feature", "commit": "0c0ffee", "components": whole(), "authors": DANA, **named}
    release, made = create.create(actor=actor("rita"), version=version, **given)
    assert made
    return release


def succeed(run: DeploymentRun) -> None:
    """The engine brought this run to its end."""
    with transaction.atomic():
        row = DeploymentRun.objects.select_for_update().get(pk=run.pk)
        if row.run_state == RunState.QUEUED:
            row.start()
        row.traffic_at = clock.now()
        row.save()
        outcomes.succeed(row)
    see(row)


def passing(run: DeploymentRun, verdict: str = "pass") -> None:
    """The judge's last word in every region."""
    verdicts = {name: {"verdict": verdict, "at": clock.now().isoformat()} for name in run.plan["regions"]}
    DeploymentRun.objects.filter(pk=run.pk).update(verdicts=verdicts)


def see(run: DeploymentRun, **artifacts: str) -> None:
    """Every target of the run's environment was seen running its content (or `artifacts` instead)."""
    components = [
        {
            "name": name,
            "kind": entry["kind"],
            "artifact": artifacts.get(name, entry["artifact"]),
            "ready": True,
            "reason": "",
        }
        for name, entry in run.content["components"].items()
    ]
    for target in Target.objects.filter(environment_id=run.environment_id, retired_at=None):
        TargetView.objects.update_or_create(
            target=target,
            defaults={
                "seen_at": clock.now(),
                "tried_at": clock.now(),
                "reachable": True,
                "weights": {run.slot: 100},
                "slots": {run.slot: {"release": run.subject, "components": components}},
            },
        )


def fail(run: DeploymentRun, sentence: str = "never became ready") -> None:
    """The run stopped before any weight."""
    with transaction.atomic():
        row = DeploymentRun.objects.select_for_update().get(pk=run.pk)
        if row.run_state == RunState.QUEUED:
            row.start()
        row.fail()
        row.sentence = sentence
        row.closed_at = clock.now()
        row.save()


def roll_back(run: DeploymentRun, sentence: str = "Errors at 8 %.") -> None:
    """Traffic went back."""
    with transaction.atomic():
        row = DeploymentRun.objects.select_for_update().get(pk=run.pk)
        if row.run_state == RunState.QUEUED:
            row.start()
        row.traffic_at = row.traffic_at or clock.now()
        row.save()
        outcomes.roll_back(row, sentence, "system:engine", sentence)
        outcomes.finish_rollback(row)


@_once
def staging(version: str = "2026.11.0", **named: Any) -> Release:
    """A release whose staging run is on its way."""
    release = draft(version, **named)
    stage.stage(version, actor=actor("dana"))
    return again(release)


@_once
def staged(version: str = "2026.11.0", **named: Any) -> Release:
    """A release that runs on staging and is being validated."""
    release = draft(version, **named)
    succeed(stage.stage(version, actor=actor("dana")))
    advance(release.pk)
    return again(release)


def record_all(release: Release, result: str = "pass") -> None:
    """Every checklist item and validation."""
    for item in release.items.all():
        checklist = item.list == ItemList.CHECKLIST
        items.record_result(
            release.version,
            item.list,
            item.name,
            actor=actor("dana" if checklist else "quinn"),
            result=result,
            remark="" if result == "pass" else "bad",
        )


@_once
def in_review(version: str = "2026.11.0", **named: Any) -> Release:
    """A release that waits for its three signatures."""
    release = staged(version, **named)
    record_all(release)
    return submit.submit(version, actor=actor("rita"))


ROLES = {
    "rita": "release_manager",
    "quinn": "qa_lead",
    "sasha": "security_officer",
}
MORE_ROLES = ROLES | {"devon": "devops_engineer"}


def sign(release: Release, *names: str, answer: str = "go", remark: str = "") -> None:
    """These people sign; or everybody whom the gate asks."""
    gate = again(release).gate
    asked = {requirement.role for requirement in gate.requirements.all()} if gate else set(ROLES.values())
    for name in names or [name for name, role in MORE_ROLES.items() if role in asked]:
        signing.sign(
            release.version,
            actor=actor(name),
            role=MORE_ROLES[name],
            answer=answer,
            remark=remark,
            seal=again(release).seal,
        )


def open_window(release: Release, *, hours: float = 2) -> Release:
    """A window from now on."""
    start = clock.now()
    return window.set_window(
        release.version, actor=actor("rita"), start=start, end=start + timedelta(hours=hours), zone="UTC"
    )


@_once
def approved(version: str = "2026.11.0", **named: Any) -> Release:
    """A release with its go, whose window is open."""
    release = in_review(version, **named)
    sign(release)
    open_window(release)
    deciding.decide(version, actor=actor("rita"), answer="go", seal=release.seal)
    return again(release)


def brief(release: Release) -> None:
    """The facts by hand."""
    facts.record_fact(release.version, "backup_age", actor=actor("devon"), value="clear")


@_once
def deploying(version: str = "2026.11.0", **named: Any) -> Release:
    """A release whose production run is queued."""
    release = approved(version, **named)
    brief(release)
    starting.deploy(version, actor=actor("devon"), seal=release.seal)
    return again(release)


@_once
def monitoring(version: str = "2026.11.0", **named: Any) -> Release:
    """A release that serves all traffic and is watched."""
    release = deploying(version, **named)
    assert release.production_run is not None
    succeed(release.production_run)
    passing(release.production_run)
    advance(release.pk)
    return again(release)


@_once
def completed(version: str = "2026.10.0", **named: Any) -> Release:
    """A release whose monitoring is over."""
    release = monitoring(version, **named)
    with clock.at(clock.now() + timedelta(seconds=601)):
        see(release.production_run)
        advance(release.pk)
    return again(release)


@_once
def rolled_back(version: str = "2026.11.0", **named: Any) -> Release:
    """A release that came back by itself."""
    release = deploying(version, **named)
    roll_back(release.production_run)
    advance(release.pk)
    return again(release)


STATES: dict[str, Callable[[], Release]] = {
    "draft": draft,
    "staging": staging,
    "validating": staged,
    "review": in_review,
    "approved": approved,
    "deploying": deploying,
    "monitoring": monitoring,
    "completed": completed,
    "rolled_back": rolled_back,
}
"""A release in each state on the way, by the state's name."""


def blockers(release: Release, moment: str = "start") -> set[str]:
    """The names of the facts that stop."""
    return {blocker.code for blocker in queries.readiness(again(release), moment).blockers}
