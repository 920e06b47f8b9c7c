"""Break the glass and override freezes, as pages of one release: GET asks with the effect, POST acts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from events import clock
from releases.errors import WrongReleaseState
from releases.models import Release
from releases.queries.calendar import Frozen
from releases.queries.fact import utc
from releases.services import emergency, overriding
from releases.verbs import Verb
from releases.views.verbs.base import ReleaseAct

LONG = 10_000


class BreakForm(forms.Form):
    """Why, about the seal that was read."""

    reason = forms.CharField(
        label="Reason",
        max_length=LONG,
        help_text="Everybody who reviews it reads this.",
        widget=forms.Textarea(attrs={"rows": 3, "data-draft": "reason"}),
    )
    seal = forms.CharField(widget=forms.HiddenInput)


class BreakGlass(ReleaseAct):
    """`break-glass/`: one signature is enough in this emergency."""

    verb = Verb.BREAK_GLASS
    form_class: type[forms.Form] = BreakForm
    name, title, label, icon = "break-glass", "Break the glass for {version}?", "Break the glass", "alert"
    kind, keep = "danger", "Wait for the signatures"

    def form_kwargs(self) -> dict[str, Any]:
        """The seal that the reader saw."""
        return {"initial": {"seal": self.release.seal}}

    def effects(self, release: Release) -> list[str]:
        """What it waives, what not, and what is owed."""
        gate = release.gate
        asked = sum(row.count for row in gate.requirements.all()) if gate else 0
        given = len(gate.standing_signoffs) if gate else 0
        return [
            f"{given} of {asked} signatures stand; 1 is enough from now on. A no-go still stops it.",
            "Content, staging's proof, window, freezes and stops hold as ever.",
            "Whoever was passed over reviews it within 48 hours, and you do not. A late review blocks the "
            "next ordinary release.",
        ]

    def done_url(self) -> str:
        """Back into the room."""
        return reverse("releases:go", args=[self.version])

    def perform(self, data: dict[str, Any]) -> str:
        """Break it."""
        emergency.break_glass(self.version, actor=self.actor, reason=data["reason"], seal=data["seal"])
        return f"The glass is broken for {self.version}: one signature is enough. Its review is owed."


class OverrideForm(forms.Form):
    """Each freeze by its name."""

    freezes = forms.TypedMultipleChoiceField(
        label="Freezes to pass",
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text="One that is not chosen still blocks.",
    )
    reason = forms.CharField(
        label="Reason", max_length=LONG, widget=forms.Textarea(attrs={"rows": 3, "data-draft": "reason"})
    )
    seal = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, spans: list[Frozen], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = {s.freeze.pk: f"{s.freeze.name}: {utc(s.start)} to {utc(s.end)}" for s in spans}
        self.fields["freezes"].choices = list(names.items())  # type: ignore[attr-defined]


class OverrideFreezes(ReleaseAct):
    """`override-freezes/`: pass the freezes that are named, in this window."""

    verb = Verb.OVERRIDE_FREEZE
    form_class: type[forms.Form] = OverrideForm
    name, title, label, icon = "override-freezes", "Let {version} through a freeze?", "Override", "frost"
    kind, keep = "danger", "Keep to the freeze"

    def form_kwargs(self) -> dict[str, Any]:
        """The freezes in the way of the release's window, none of them chosen."""
        release = self.release
        return {"spans": _spans(release), "initial": {"seal": release.seal}}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ask, where a freeze stands in the way; raises WrongReleaseState."""
        release = self.release
        if release.window_start is None:
            raise WrongReleaseState(f"{release.version} has no window yet; set one, then override a freeze.")
        if not _spans(release):
            raise WrongReleaseState(f"No freeze stands in the way of the window of {release.version}.")
        return super().get(request, **kwargs)

    def effects(self, release: Release) -> list[str]:
        """How many stand in the way, and for what it counts."""
        count = len({span.freeze.pk for span in _spans(release)})
        return [
            f"{count} {'freeze stands' if count == 1 else 'freezes stand'} in the way of its window.",
            "It counts for this seal and these spans only, and is shown wherever the release is judged.",
        ]

    def perform(self, data: dict[str, Any]) -> str:
        """Let it through."""
        made = overriding.override(self.version, actor=self.actor, **data)
        return f"{self.version} passes {', '.join(override.freeze.name for override in made)}."


def _spans(release: Release) -> list[Frozen]:
    if release.window_start is None or release.window_end is None:
        return []
    start = max(clock.now(), release.window_start)
    return overriding.in_the_way(release, start, max(release.window_end, start + timedelta(seconds=1)))
