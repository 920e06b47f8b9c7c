"""The page of a release and its tabs: overview, content and revisions, deployments, history.

In: a version. Out: templates/releases/*.html.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.entries import entries
from accounts.queries import labels
from approvals.pages import PolicyPage
from approvals.policy import Action
from deployments.models import DeploymentRun
from deployments.views.words import told
from events.models import Event
from releases.content import missing_components
from releases.models import Release
from releases.queries import Known
from releases.queries.items import item_standings
from releases.queries.previews import preview_of
from releases.states import ReleaseState
from releases.verbs import Verb
from releases.views import acts, banners, changes, items, plans, reading

HISTORY_PAGE = 50


class ReleasePage(PolicyPage):
    """A tab of a release."""

    template_name = ""

    def get(self, request: HttpRequest, version: str) -> HttpResponse:
        """The tab with the head that all share."""
        release = reading.get_release(version)
        context = reading.shared(release, self.actor)
        return render(request, self.template_name, context | self.more(release))

    def more(self, release: Release) -> dict[str, Any]:
        """What this tab adds."""
        raise NotImplementedError


class Overview(ReleasePage):
    """`/releases/<version>/`."""

    template_name = "releases/detail.html"

    def more(self, release: Release) -> dict[str, Any]:
        """Lists, changes, plan and the newest entries."""
        events = reading.timeline(release)
        standings = item_standings(release)
        people = labels({standing.by for standing in standings} | {event.actor for event in events})
        rows = reading.change_rows(release)
        plan_sentences, plan_missing = plans.plan_words(release)
        return {
            "banners": banners.banners(release),
            "item_panels": items.panels(release, self.actor, standings, people),
            "change_rows": rows,
            "change_summary": changes.summary(rows),
            "timeline": events,
            "people": people,
            "plan_sentences": plan_sentences,
            "plan_missing": plan_missing,
        }


class Content(ReleasePage):
    """`/releases/<version>/content/`: every component, and what changed between two revisions."""

    template_name = "releases/content.html"

    def more(self, release: Release) -> dict[str, Any]:
        """Components as they stand, the revisions, and the comparison that the address asks for."""
        revisions = list(release.revisions.order_by("-number"))
        by_number = {revision.number: revision for revision in revisions}
        first, second = self._pair(sorted(by_number))
        compared = None
        if first in by_number and second in by_number:
            compared = changes.changes(by_number[first].content, by_number[second].content)
        return {
            "components": release.content.get("components", {}),
            "edit": acts.act_for_content(self.actor, release),
            "preview": preview_of(release) if "objects" in release.content else None,
            "brings": release.brings,
            "missing": _missing(release),
            "revisions": revisions,
            "people": labels(revision.by for revision in revisions),
            "compared": compared,
            "first": first,
            "second": second,
        }

    def _pair(self, numbers: list[int]) -> tuple[int, int]:
        asked = self.request.GET
        wanted = [asked.get(name, "") for name in ("from", "to")]
        given = [int(n) if n.isascii() and n.isdigit() and len(n) < 10 else None for n in wanted]
        last = numbers[-1] if numbers else 0
        before = numbers[-2] if len(numbers) > 1 else last
        return given[0] or before, given[1] or last


def _missing(release: Release) -> list[str]:
    """Components that have no digest yet; only a draft can lack one."""
    if release.status != ReleaseState.DRAFT:
        return []
    return missing_components(release.content, Known().components())


class Runs(ReleasePage):
    """`/releases/<version>/deployments/`."""

    template_name = "releases/runs.html"

    def more(self, release: Release) -> dict[str, Any]:
        """Every run of this release, newest first."""
        runs = list(
            DeploymentRun.objects.filter(stream=release.stream)
            .select_related("environment", "blue")
            .defer("content", "plan", "blue__content", "blue__plan")
        )
        try_out = acts.act_for(self.actor, release, Verb.DEPLOY_DEVELOPMENT)
        return {
            "runs": runs,
            "said": {run.pk: told(run) for run in runs},
            "people": labels(run.started_by for run in runs),
            "development": replace(try_out, id="development-first") if try_out else None,
        }


class History(ReleasePage):
    """`/releases/<version>/history/`."""

    action = Action.READ_EVENTS
    template_name = "releases/history.html"

    def more(self, release: Release) -> dict[str, Any]:
        """One page of the stream, newest first."""
        found = Event.objects.filter(stream=release.stream).order_by("-seq")
        page = Paginator(found, HISTORY_PAGE).get_page(self.request.GET.get("page"))
        return {"page": page, "entries": entries(list(page.object_list))}
