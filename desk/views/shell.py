"""What the shell of every page learns by itself: what moves or is stopped, how much waits for the reader.

In: a ring of the doorbell or a slow poll. Out: components/_strip.html, swapped where its ids stand. What all
readers see alike comes from `desk.views.seen`.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from approvals.pages import PolicyPage
from approvals.policy import Action, may
from desk.views import seen
from releases import queries as releases


class ShellParts(PolicyPage):
    """`/shell/`."""

    action = None

    def get(self, request: HttpRequest) -> HttpResponse:
        """Both parts, for this reader."""
        around, strip = seen.shell(), request.GET.get("strip") != "no"
        waiting = len(releases.waiting_among(self.actor, around.interest.found, around.interest.known))
        context: dict[str, Any] = {"strip": strip, "moving": None, "waiting": waiting}
        if may(self.actor, Action.READ_DEPLOYMENTS) is None:
            context["moving"] = around.moving if strip else None
            context["stops"] = around.stops
        return render(request, "components/_strip.html", context)
