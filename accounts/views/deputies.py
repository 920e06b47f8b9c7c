"""Deputies on a person's page: name one for a role and a time, end one early."""

from __future__ import annotations

from typing import Any

from accounts import authority
from accounts.errors import UnknownPerson
from accounts.forms import DeputyForm, ReasonForm
from accounts.queries import user_by_name
from accounts.services.deputies import end_deputy, name_deputy
from accounts.views.person_acts import PersonAct
from events.errors import Invalid


class NameDeputy(PersonAct):
    """Somebody stands in for this person."""

    verb: authority.Verb | None = "NAME_DEPUTY"
    form_class = DeputyForm

    def question(self) -> dict[str, Any]:
        """What it means."""
        return {
            "title": f"Who stands in for @{self.person.handle}?",
            "effects": [
                "The deputy may do what the role may, for this time, and signs in it; both names are shown.",
                "A signature that they gave counts until their time ends, or production has started.",
            ],
            "label": "Name the deputy",
        }

    def perform(self, data: dict[str, Any]) -> str:
        """Name them."""
        deputy = user_by_name(data["deputy"])
        if deputy is None:
            sentence = "Nobody has this login."
            raise Invalid(sentence, fields={"deputy": [sentence]})
        made = name_deputy(self.person, deputy, actor=self.actor, **data | {"deputy": deputy})
        return f"@{deputy.handle} stands in for @{self.person.handle} as {made.get_role_display()}."


class EndDeputy(PersonAct):
    """Before its time is over."""

    verb: authority.Verb | None = "NAME_DEPUTY"
    form_class = ReasonForm

    def question(self) -> dict[str, Any]:
        """What follows."""
        return {
            "title": "End the deputy now?",
            "effects": ["Signatures that they gave in this role are judged again at once."],
            "label": "End it",
            "kind": "danger",
            "icon": "cross",
        }

    def perform(self, data: dict[str, Any]) -> str:
        """End it."""
        ended = end_deputy(self.kwargs["pk"], actor=self.actor, reason=data["reason"])
        if self.person.pk not in (ended.principal_id, ended.deputy_id):
            raise UnknownPerson("There is no such deputy.")
        return f"@{ended.deputy.handle} no longer stands in for @{ended.principal.handle}."
