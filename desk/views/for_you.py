"""For you: everything that waits for this person, the most pressing first.

In: nothing. Out: desk/for_you.html.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from approvals.pages import PolicyPage
from approvals.policy import Action
from releases import queries as releases


class ForYou(PolicyPage):
    """`/for-you/`."""

    action = Action.READ_RELEASES

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list for this reader."""
        waiting = releases.for_person(self.actor)
        count = len(waiting)
        sentence = {0: "Nothing waits for you.", 1: "One thing waits for you."}.get(
            count, f"{count} things wait for you."
        )
        return render(request, "desk/for_you.html", {"waiting": waiting, "sentence": sentence})
