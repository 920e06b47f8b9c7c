"""Legal holds: what stands, placing one, lifting one. In: reasons. Out: desk/holds.html."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.queries import labels, stream_names
from approvals.acts import Confirm
from approvals.pages import ActPage, PolicyPage
from approvals.policy import Action, may, require
from desk.services import held_stream
from events import holds
from events.models import LegalHold, Tombstone


class HoldForm(forms.Form):
    """What is held and why."""

    stream = forms.CharField(required=False, max_length=200, label="All that begins with",
                             help_text="release/2026.11.0, people/rita; empty: the whole record")  # fmt: skip
    reason = forms.CharField(max_length=2_000, label="Reason", widget=forms.Textarea)


class LiftForm(forms.Form):
    """Why it is lifted."""

    reason = forms.CharField(max_length=2_000, label="Reason", widget=forms.Textarea)


class Holds(PolicyPage):
    """`/audit/holds/`."""

    action = Action.READ_AUDIT

    def get(self, request: HttpRequest) -> HttpResponse:
        """Those that stand first, then those that were lifted, and the months that were dropped."""
        rows = sorted(LegalHold.objects.all()[:200], key=lambda hold: hold.lifted_at is not None)
        context = {
            "rows": rows,
            "stones": Tombstone.objects.order_by("-partition")[:100],
            "streams": stream_names(h.stream for h in rows),
            "people": labels([*(h.placed_by for h in rows), *(h.lifted_by for h in rows)]),
            "refused": may(self.actor, Action.MANAGE_HOLDS),
            "sentence": _sentence(),
        }
        return render(request, "desk/holds.html", context)


def _sentence() -> str:
    count = LegalHold.objects.filter(lifted_at=None).count()
    held = "One legal hold stands" if count == 1 else f"{count} legal holds stand"
    return f"{held}." if count else "No legal hold stands; the record is kept six years."


class _HoldAct(ActPage):
    """An act on holds, headed by how many stand."""

    action = Action.MANAGE_HOLDS

    def stands(self) -> str:
        """The sentence of the list."""
        return _sentence()


class PlaceHold(_HoldAct):
    """`/audit/holds/place/`."""

    form_class = HoldForm

    def confirm(self) -> Confirm:
        """What is asked."""
        effects = ["Months that hold such entries are not dropped while this stands, whatever their age."]
        return Confirm("hold", "Place a legal hold", effects, "Hold it", reverse("desk:hold_place"),
                       icon="lock", keep="Not now", keep_url=reverse("desk:holds"))  # fmt: skip

    def perform(self, data: dict[str, Any]) -> str:
        """Place it."""
        require(self.actor, Action.MANAGE_HOLDS)
        hold = holds.place(self.actor.id, stream=held_stream(data["stream"]), reason=data["reason"])
        return f"The hold on {data['stream'].strip() or 'the whole record'} stands, number {hold.pk}."


class LiftHold(_HoldAct):
    """`/audit/holds/<number>/lift/`."""

    form_class = LiftForm

    def confirm(self) -> Confirm:
        """What is asked."""
        number = self.kwargs["number"]
        effects = ["What it kept beyond its six years can be dropped from then on."]
        return Confirm("lift", f"Lift legal hold {number}", effects, "Lift it",
                       reverse("desk:hold_lift", args=[number]), icon="check", kind="danger",
                       keep="Keep it", keep_url=reverse("desk:holds"))  # fmt: skip

    def perform(self, data: dict[str, Any]) -> str:
        """Lift it."""
        require(self.actor, Action.MANAGE_HOLDS)
        hold = holds.lift(self.actor.id, self.kwargs["number"], reason=data["reason"])
        return f"Hold {hold.pk} is lifted."
