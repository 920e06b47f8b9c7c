"""The board: is production well, what is moving, what waits for me?

In: nothing. Out: desk/board.html. What all readers see alike comes from `desk.views.seen`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from approvals.acts import Act, Confirm, refusal
from approvals.pages import PolicyPage
from approvals.policy import Action
from deployments.views import steer
from desk.views import seen
from desk.views.environments import sentence as live_sentence
from events import clock
from releases import queries as releases


class Board(PolicyPage):
    """`/`."""

    action = Action.READ_RELEASES

    def get(self, request: HttpRequest) -> HttpResponse:
        """The board for this reader."""
        board = seen.board()
        waiting = releases.waiting_among(self.actor, board.interest.found, board.interest.known)
        new_act = self._new()
        planned = board.agenda
        live = live_sentence(board.matrix)
        context: dict[str, Any] = {
            "sentence": sentence(board.going, len(waiting), live, bool(board.flight)),
            "today": clock.now(),
            "going": board.going,
            "waiting": waiting,
            "matrix": board.matrix,
            "flight": board.flight,
            "agenda": planned,
            "next": next((item for item in planned if not item.frost), None),
            "new_act": new_act,
            "new_first": replace(new_act, id="new-first"),
            **self._steering(board.going),
        }
        return render(request, "desk/board.html", context)

    def _new(self) -> Act:
        refused = refusal(self.actor, Action.CREATE_RELEASE)
        return Act("new", "New release", reverse("releases:new"), "plus", asks=True, refused=refused)

    def _steering(self, going: seen.Going | None) -> dict[str, Any]:
        """What this reader may press about the run that moves."""
        if going is None:
            return {}
        controls = steer.controls(self.actor, going.run)
        aborts = any(act.id == "abort" and not act.refused for act in controls)
        weights = steer.weights_in(going.facts)
        sheets: list[Confirm] = [steer.abort_confirm(going.run, weights)] if aborts else []
        return {"controls": [act for act in controls if act.id != "promote"], "sheets": sheets}


def sentence(going: seen.Going | None, waiting: int, live: str, flight: bool) -> str:
    """The one sentence of the board, from what is seen."""
    if going is not None:
        words = {"paused": "is paused on its way live", "rolling_back": "is being rolled back"}
        first = f"{going.run.subject} {words.get(going.run.state, 'is going live')}."
    else:
        first = live if live or not flight else "Nothing moves."
    mine = {0: "Nothing waits for you.", 1: "One thing waits for you."}.get(
        waiting, f"{waiting} things wait for you."
    )
    return f"{first} {mine}"
