"""Freeze the plan and ask the gate about one seal. Called by `submit` and `replan`."""

from __future__ import annotations

from typing import Any

from accounts.actors import Actor
from approvals.services import gates
from deployments import queries as deployments
from deployments.plan import sentences
from releases.models import Release
from releases.queries.changes import changes_of
from releases.queries.items import item_standings
from releases.queries.plans import plan_now, seal_of
from releases.services.authors import barred

GATE = "production"


def freeze_plan(release: Release, plan: dict[str, Any] | None = None) -> None:
    """Give the release its plan and seal; the caller keeps it."""
    release.plan = plan or plan_now(release)
    release.seal = seal_of(release, release.plan)


def ask(release: Release, actor: Actor) -> None:
    """Open the gate about the release's seal; the caller keeps the release."""
    release.gate = gates.open_gate(
        kind=GATE,
        label=release.label[:200],
        seal=release.seal,
        link=f"{release.link}go/",
        stream=release.stream,
        environment=deployments.production().name,
        release_kind=release.kind,
        summary=_summary(release),
        barred=barred(release),
        actor=actor,
    )


def _summary(release: Release) -> dict[str, Any]:
    """What signers are shown, frozen as it was when they were asked."""
    return {
        "version": release.version,
        "kind": release.kind,
        "title": release.title,
        "commit": release.commit,
        "content_hash": release.content_hash,
        "base": release.content["base"],
        "changes": changes_of(release),
        "plan": sentences(release.plan or {}),
        "forward_fix_plan": release.forward_fix_plan,
        "staging_run": release.staging_run_id,
        "items": [
            {"list": s.item.list, "title": s.item.title, "state": s.state, "by": s.by, "link": s.link}
            for s in item_standings(release)
        ],
        "authors": [
            {"login": author.login, "host": author.host, "name": author.name}
            for author in release.authors.all()
        ],
    }
