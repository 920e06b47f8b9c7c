"""Acts of sign-off: the Release Manager's answers, a signature taken back, another round."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.urls import reverse

from approvals.acts import Confirm
from approvals.queries import in_force
from releases import forms
from releases.models import Release
from releases.services import (
    ask_again,
    deciding,
    signing,
)
from releases.verbs import Verb
from releases.views.dock import go_confirm, no_go_confirm, postpone_confirm
from releases.views.verbs.base import ReleaseAct


class Approve(ReleaseAct):
    """`approve/`: the Release Manager's go."""

    verb = Verb.DECIDE
    form_class: type[Form] = forms.SealedGo

    def confirm(self) -> Confirm:
        """The same question as the room's sheet."""
        return go_confirm(self.release)

    def done_url(self) -> str:
        """Back into the room."""
        return reverse("releases:go", args=[self.version])

    def perform(self, data: dict[str, Any]) -> str:
        """Decide go for the seal that the form carries."""
        deciding.decide(self.version, actor=self.actor, answer="go", reason=data["reason"], seal=data["seal"])
        return f"Go for {self.version}."

    def form_kwargs(self) -> dict[str, Any]:
        """The seal that the reader saw."""
        return {"initial": {"seal": self.release.seal}}


class NoGo(Approve):
    """`no-go/`: the Release Manager's no."""

    form_class = forms.Sealed

    def confirm(self) -> Confirm:
        """The same question as the room's sheet."""
        return no_go_confirm(self.release)

    def perform(self, data: dict[str, Any]) -> str:
        """Decide no-go."""
        deciding.decide(
            self.version, actor=self.actor, answer="no_go", reason=data["reason"], seal=data["seal"]
        )
        return f"No-go for {self.version}. Whoever was told of the plan is told."


class Postpone(Approve):
    """`postpone/`: not in this window."""

    verb = Verb.POSTPONE
    form_class = forms.Sealed

    def confirm(self) -> Confirm:
        """The same question as the room's sheet."""
        return postpone_confirm(self.release)

    def perform(self, data: dict[str, Any]) -> str:
        """Decide to postpone."""
        deciding.decide(
            self.version, actor=self.actor, answer="postpone", reason=data["reason"], seal=data["seal"]
        )
        return f"{self.version} is postponed. Set a new window, then decide again."


class Withdraw(ReleaseAct):
    """`sign-offs/<id>/withdraw/`: take one's own signature back."""

    verb = Verb.WITHDRAW
    form_class = forms.MustReason
    name, title, label, icon = "withdraw", "Withdraw your signature of {version}?", "Withdraw", "reset"
    kind, keep = "danger", "Let it stand"

    def effects(self, release: Release) -> list[str]:
        """The gate asks again."""
        return ["The role is asked to sign again; an approved release goes back to sign-off."]

    def done_url(self) -> str:
        """Back into the room."""
        return reverse("releases:go", args=[self.version])

    def perform(self, data: dict[str, Any]) -> str:
        """Withdraw."""
        signing.withdraw(self.version, self.kwargs["pk"], actor=self.actor, reason=data["reason"])
        return "Your signature is withdrawn."


class AskAgain(ReleaseAct):
    """`ask-again/`: the next round about the same seal."""

    verb = Verb.ASK_AGAIN
    name, title, label, icon = "ask-again", "Ask again for {version}?", "Ask again", "pen"

    def effects(self, release: Release) -> list[str]:
        """Under which rules, and what becomes of the signatures."""
        number = in_force().number
        return [
            f"The next round asks under version {number} of the approval policy, about the same seal.",
            "Every signature of this round resets, and a go with them. What staging proved stays.",
        ]

    def perform(self, data: dict[str, Any]) -> str:
        """Ask again."""
        ask_again.ask_again(self.version, actor=self.actor)
        return f"The roles are asked again for {self.version}."
