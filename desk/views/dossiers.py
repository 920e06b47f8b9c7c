"""Dossiers for auditors: asked for, waited for, taken away.

In: a version or a period. Out: desk/dossiers.html, and the archive.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.queries import labels
from approvals.acts import Confirm
from approvals.pages import ActPage, PolicyPage
from approvals.policy import Action
from desk import services
from desk.models import DossierRequest

SHOWN = 50


class DossierForm(forms.Form):
    """A release by its version, or the first and the last moment of a period."""

    release = forms.CharField(required=False, max_length=100, label="Release", help_text="its version")
    since = forms.DateTimeField(required=False, label="or from, UTC", help_text="2026-11-01 00:00")
    until = forms.DateTimeField(required=False, label="until, UTC", help_text="2026-12-01 00:00")


class Dossiers(PolicyPage):
    """`/audit/dossiers/`: those of the last week."""

    action = Action.READ_AUDIT

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list; a dossier in the making is looked at again by the page."""
        rows = list(DossierRequest.objects.defer("archive")[:SHOWN])
        for row in rows:
            row.percent = services.percent_of(row)
        context = {
            "rows": rows,
            "people": labels(row.asked_by for row in rows),
            "sentence": _sentence(len(rows)),
            "working": any(not row.sha256 and not row.error for row in rows),
            "form": DossierForm(initial={"release": request.GET.get("release", "")[:100]}),
        }
        template = "desk/_dossiers.html" if request.headers.get("HX-Request") else "desk/dossiers.html"
        return render(request, template, context)


def _sentence(count: int) -> str:
    words = {0: "No dossier was made", 1: "One dossier was made"}
    return f"{words.get(count, f'{count} dossiers were made')} in the last week."


class AskDossier(ActPage):
    """`/audit/dossiers/ask/`."""

    action = Action.READ_AUDIT
    form_class = DossierForm

    def form_kwargs(self) -> dict[str, Any]:
        """The release that a link names."""
        return {"initial": {"release": self.request.GET.get("release", "")[:100]}}

    def stands(self) -> str:
        """The sentence of the list."""
        return _sentence(DossierRequest.objects.count())

    def confirm(self) -> Confirm:
        """What is asked."""
        return Confirm(
            "dossier",
            "Make a dossier",
            ["One archive of everything recorded about it, signed, with a verifier. It is kept for a week."],
            "Make it",
            reverse("desk:dossier_ask"),
            icon="doc",
            keep="Not now",
            keep_url=reverse("desk:dossiers"),
        )

    def perform(self, data: dict[str, Any]) -> str:
        """Ask for it."""
        asked = services.ask(
            actor=self.actor, release=data["release"], since=data["since"], until=data["until"]
        )
        return f"The dossier “{asked.title}” is being made."


class TakeDossier(PolicyPage):
    """`/audit/dossiers/<id>/`: the archive."""

    action = Action.READ_AUDIT

    def get(self, request: HttpRequest, dossier: UUID) -> HttpResponse:
        """The zip."""
        asked, archive = services.take(str(dossier), self.actor)
        return HttpResponse(
            archive,
            content_type="application/zip",
            headers={"Content-Disposition": f'attachment; filename="{asked.filename}"'},
        )
