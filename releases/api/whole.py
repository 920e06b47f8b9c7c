"""One release written down whole, and the answer that carries it with its entity tag."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.queries import labels
from deployments.models import DeploymentRun
from deployments.plan.words import sentences
from events import clock
from events.models import StreamHead
from releases import queries
from releases.api import kept, show
from releases.content import missing_components
from releases.models import Component, Lessons, ManualFact, Release
from releases.queries.items import item_standings
from releases.queries.plans import plan_of, seal_of
from releases.states import ItemList
from rest import entity_tags


def whole(release: Release) -> dict[str, Any]:
    """Everything about one release that may be read."""
    items = item_standings(release)
    facts = newest_facts(release)
    told = list(release.lessons.all())
    names = labels(_actors(release, [i.by for i in items], facts, told))
    plan = plan_of(release)
    known = Component.objects.filter(retired_at=None).values_list("name", flat=True)
    return {
        **show.row(release, names),
        "headline": queries.headline(release),
        "notes": release.notes,
        "base": release.content["base"],
        "components": show.components(release),
        "missing": missing_components(release.content, known),
        "authors": show.authors(release),
        "checklist": [show.item(i, names) for i in items if i.item.list == ItemList.CHECKLIST],
        "validations": [show.item(i, names) for i in items if i.item.list == ItemList.VALIDATION],
        "facts": [show.fact(given, names) for given in facts],
        "plan": sentences(plan),
        "live_seal": seal_of(release, None if release.seal else plan),
        "gate": show.gate(release.gate, getattr(release, "policy_in_force", None)) if release.gate else None,
        "emergency_reason": release.emergency_reason,
        "forward_fix_plan": release.forward_fix_plan,
        "monitoring_ends_at": release.monitoring_ends_at,
        "extended_because": release.extended_because,
        "closing_reason": release.closing_reason,
        "lessons": [show.lessons(one, names) for one in told],
        "follows": release.follows.version if release.follows else None,
        "followed_by": list(release.followed_by.values_list("version", flat=True)),
    }


def newest_facts(release: Release) -> list[ManualFact]:
    """What was said last under each name."""
    return list(release.manual_facts.order_by("name", "-id").distinct("name"))


def _actors(
    release: Release, by: Iterable[str], facts: Iterable[ManualFact], told: Iterable[Lessons]
) -> set[str]:
    return {release.created_by, *filter(None, by), *(f.by for f in facts), *(one.by for one in told)}


def tag(release: Release, body: dict[str, Any]) -> str:
    """The release's entity tag: its revision, where its stream stands, and what the answer says.

    The last part is for what changes without an act on it: a window that opens, a signer who is lost.
    """
    seq = StreamHead.objects.filter(pk=release.stream).values_list("seq", flat=True).first()
    return f'"{release.revision}-{seq or 0}-{entity_tags.digest_of(body)[:16]}"'


def read(request: Request, version: str) -> Response:
    """The release as it is now, or 304."""

    def work_out() -> tuple[dict[str, Any], str, datetime | None]:
        now = clock.now()
        release = queries.get_to_show(version)
        body = whole(release)
        ahead = [turn for turn in (release.window_start, release.window_end) if turn and turn > now]
        return body, tag(release, body), min(ahead, default=None)

    found, _ = kept.answer((version,), work_out, whole=True)
    return entity_tags.answer(request, found.body, found.tag)


def started(version: str, run: DeploymentRun) -> Response:
    """The release with the id of the run that a verb queued or turned; 202, as the work goes on."""
    response = moved(version, status=202, location=reverse("api-deployment", args=[run.pk]))
    response.data["run"] = run.pk
    return response


def moved(version: str, *, status: int = 200, location: str = "") -> Response:
    """The release after a verb moved it, read afresh."""
    release = queries.get_to_show(version)
    body = whole(release)
    headers = {"ETag": tag(release, body), "Cache-Control": "private, no-cache"}
    if location:
        headers["Location"] = location
    return Response(body, status=status, headers=headers)
