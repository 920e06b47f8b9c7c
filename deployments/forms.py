"""What people type when they steer a run."""

from __future__ import annotations

from django import forms

LONG = 2000


class WithReason(forms.Form):
    """A reason that is kept with the record; may stay empty where nothing asks for it."""

    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=LONG,
        help_text="Kept in the record. You can add it after.",
        widget=forms.TextInput(attrs={"data-draft": "reason"}),
    )


class MustReason(forms.Form):
    """A reason without which the act is refused."""

    reason = forms.CharField(
        label="Reason",
        max_length=LONG,
        help_text="Kept in the record, and shown to everybody who follows this run.",
        widget=forms.TextInput(attrs={"data-draft": "reason"}),
    )
