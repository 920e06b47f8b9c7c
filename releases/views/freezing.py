"""Freezes: the list, adding one, removing one.

In: forms. Out: releases/freezes.html and one service call each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.queries import labels
from approvals.acts import Act, Confirm, refusal
from approvals.pages import ActPage, PolicyPage
from approvals.policy import Action
from events import clock
from events.errors import NotFound
from releases import forms
from releases.models import Freeze
from releases.queries.calendar import freezes, weekly_of
from releases.recurrence import spans
from releases.services import freezes as service
from releases.states import Kind
from releases.views.zones import zones_of

AHEAD = timedelta(days=60)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class FreezeRow:
    """One freeze with its next or present span, in UTC."""

    freeze: Freeze
    start: datetime | None
    end: datetime | None
    now: bool
    weekly: str
    passes: str
    by: str
    remove: Act | None


class FreezeList(PolicyPage):
    """`/releases/freezes/`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Every freeze that stands and is not over."""
        now = clock.now()
        found = freezes()
        names = labels(freeze.by for freeze in found)
        refused = refusal(self.actor, Action.MANAGE_FREEZES)
        rows = _not_over([_row(freeze, now, names, refused) for freeze in found], now)
        add = Act(
            "freeze", "Add a freeze", reverse("releases:freeze-add"), "plus", refused=refused, asks=True
        )
        context = {"rows": rows, "sentence": _sentence(rows), "add": add}
        return render(request, "releases/freezes.html", context)


def _not_over(rows: list[FreezeRow], now: datetime) -> list[FreezeRow]:
    left = [row for row in rows if row.end is None or row.end > now]
    return sorted(left, key=lambda row: row.start or now)


def _sentence(rows: list[FreezeRow]) -> str:
    if active := [row.freeze.name for row in rows if row.now]:
        return f"Production is frozen: {', '.join(active)}."
    return "No freeze stands now." if rows else "No freeze stands, and none is planned."


class _FreezeAct(ActPage):
    """An act on freezes, headed by what is frozen now."""

    def stands(self) -> str:
        """The sentence of the list."""
        now = clock.now()
        return _sentence(_not_over([_row(freeze, now, {}, "") for freeze in freezes()], now))


def _row(freeze: Freeze, now: datetime, names: dict[str, str], refused: str) -> FreezeRow:
    weekly = weekly_of(freeze)
    start, end = freeze.starts_at, freeze.ends_at
    words = ""
    if weekly is not None:
        start, end = next(iter(spans(weekly, now, now + AHEAD)), (None, None))
        words = (
            f"every week {DAYS[weekly.from_day]} {weekly.from_time:%H:%M} to "
            f"{DAYS[weekly.to_day]} {weekly.to_time:%H:%M}, {weekly.zone}"
        )
    by_hand = freeze.source == "person"
    url = reverse("releases:freeze-remove", args=[freeze.pk])
    remove = Act(f"remove-{freeze.pk}", "Remove", url, refused=refused, asks=True) if by_hand else None
    kinds = [Kind(kind).label for kind in freeze.passes if kind in Kind.values]
    return FreezeRow(
        freeze=freeze,
        start=start,
        end=end,
        now=bool(start and end and start <= now < end),
        weekly=words,
        passes=", ".join(kinds) or "nothing",
        by=names.get(freeze.by, freeze.by) if by_hand else "the platform file",
        remove=remove,
    )


class FreezeAdd(_FreezeAct):
    """`/releases/freezes/add/`."""

    form_class = forms.FreezeForm

    def confirm(self) -> Confirm:
        """What a freeze stops."""
        return Confirm(
            id="freeze",
            title="Add a freeze",
            effects=[
                "No release of a kind that may not pass can start or be given a window inside it.",
                "A deployment that runs when it begins follows its plan's declared choice.",
            ],
            label="Add the freeze",
            url=reverse("releases:freeze-add"),
            icon="frost",
            keep_url=reverse("releases:freezes"),
            keep="Not now",
        )

    def form_kwargs(self) -> dict[str, Any]:
        """The zones that make sense here."""
        return {"zones": zones_of(self.actor.user.time_zone if self.actor.user else "UTC")}

    def perform(self, data: dict[str, Any]) -> str:
        """Add it."""
        weekly = {"from": data["weekly_from"], "to": data["weekly_to"]}
        service.add(
            actor=self.actor,
            name=data["name"],
            reason=data["reason"],
            starts_at=data["starts_at"] or None,
            ends_at=data["ends_at"] or None,
            weekly=weekly if any(weekly.values()) else None,
            zone=data["zone"],
            passes=data["passes"],
        )
        return f"The freeze “{data['name']}” stands."


class FreezeRemove(_FreezeAct):
    """`/releases/freezes/<pk>/remove/`."""

    form_class = forms.WithReason

    def confirm(self) -> Confirm:
        """Which one."""
        freeze = Freeze.objects.filter(pk=self.kwargs["pk"], removed_at=None).first()
        if freeze is None:
            raise NotFound("There is no such freeze, or it was removed already.")
        return Confirm(
            id="remove",
            title=f"Remove the freeze “{freeze.name}”?",
            effects=["Releases may start again in that time, as far as nothing else stops them."],
            label="Remove it",
            url=reverse("releases:freeze-remove", args=[freeze.pk]),
            icon="frost",
            keep="Keep it",
            keep_url=reverse("releases:freezes"),
        )

    def perform(self, data: dict[str, Any]) -> str:
        """Remove it."""
        freeze = service.remove(self.kwargs["pk"], actor=self.actor, reason=data["reason"])
        return f"The freeze “{freeze.name}” is removed."

    def done_url(self) -> str:
        """The list."""
        return reverse("releases:freezes")
