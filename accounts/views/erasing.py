"""Erase a person, on request (GDPR 17): an Administrator's act with a reason, and no way back."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from accounts.forms import ReasonForm
from accounts.services.erasing import erase_person
from accounts.views.person_acts import PersonAct


class ErasePerson(PersonAct):
    """Remove the names; the record keeps what was done under the opaque id."""

    form_class = ReasonForm

    def back(self) -> str:
        """The list: the person's page has another name afterwards."""
        return reverse("accounts:people")

    def question(self) -> dict[str, Any]:
        """What follows from it."""
        return {
            "title": f"Erase @{self.person.handle}",
            "effects": [
                "Name, login, address and source logins are removed for good.",
                "The account is switched off, its roles end, its tokens are revoked.",
                "Signatures and events stay, under an id that names nobody: the law asks for them.",
            ],
            "label": "Erase for good",
            "icon": "lock",
            "kind": "danger",
        }

    def perform(self, data: dict[str, Any]) -> str:
        """Erase."""
        erase_person(self.person, actor=self.actor, reason=data["reason"])
        return "The person is erased; the record is whole."
