"""Acts at an end: giving up, beginning again, following up."""

from __future__ import annotations

from typing import Any

from releases import forms
from releases.models import Release
from releases.services import (
    cancel,
    follow_up,
    reopen,
)
from releases.verbs import Verb
from releases.views.verbs.base import ReleaseAct


class FollowUp(ReleaseAct):
    """`follow-up/`: a new draft that carries the lessons."""

    verb = Verb.FOLLOW_UP
    form_class = forms.FollowUp
    name, title, label, icon = "follow-up", "Follow {version} up?", "Make the draft", "right"

    def effects(self, release: Release) -> list[str]:
        """What the draft begins with."""
        return ["A new draft links back to this release and carries its lessons as checklist items."]

    def perform(self, data: dict[str, Any]) -> str:
        """Make it."""
        self.made = follow_up.follow_up(self.version, actor=self.actor, new_version=data["new_version"])
        return f"{self.made.version} follows {self.version}."

    def done_url(self) -> str:
        """The new draft, once there is one."""
        made = getattr(self, "made", None)
        return str(made.link) if made is not None else super().done_url()


class Cancel(ReleaseAct):
    """`cancel/`: give the release up."""

    verb = Verb.CANCEL
    form_class = forms.MustReason
    name, title, label, icon = "cancel", "Cancel {version}?", "Cancel the release", "cross"
    kind, keep = "danger", "Keep the release"

    def effects(self, release: Release) -> list[str]:
        """It is an end."""
        return [
            "It is an end: a cancelled version is never reopened. Signatures no longer count.",
            "Whoever was told of the plan is told that it is off.",
        ]

    def perform(self, data: dict[str, Any]) -> str:
        """Cancel."""
        cancel.cancel(self.version, actor=self.actor, reason=data["reason"])
        return f"{self.version} is cancelled."


class Reopen(ReleaseAct):
    """`reopen/`: from no-go back to a draft."""

    verb = Verb.REOPEN
    form_class = forms.WithReason
    name, title, label, icon = "reopen", "Reopen {version}?", "Reopen", "reset"

    def effects(self, release: Release) -> list[str]:
        """It begins again."""
        return ["The release is a draft again. What staging proved counts only for the same content."]

    def perform(self, data: dict[str, Any]) -> str:
        """Reopen."""
        reopen.reopen(self.version, actor=self.actor, reason=data["reason"])
        return f"{self.version} is in preparation again."
