"""What an Administrator does about one person: roles, source logins, the account, a one-time link."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.errors import UnknownPerson
from accounts.forms import ReasonForm, RoleForm, SourceLoginForm
from accounts.models import SourceLogin, User
from accounts.pages import Act
from accounts.roles import Role
from accounts.services import links
from accounts.services import people as services
from accounts.services.factors import reset_factors
from accounts.views.people import held_by, person_of


class PersonAct(Act):
    """An act on one person; goes back to their page."""

    @property
    def person(self) -> User:
        """Whom it is about."""
        return person_of(self.kwargs["login"])

    def stands(self) -> str:
        """What the person may do now."""
        return held_by(self.person)

    def back(self) -> str:
        """The person's page."""
        return reverse("accounts:person", args=[self.kwargs["login"]])


class GrantRole(PersonAct):
    """Give a role."""

    form_class = RoleForm

    def question(self) -> dict[str, Any]:
        """The form, for a page of its own."""
        handle = self.person.handle
        return {
            "title": f"Give @{handle} a role",
            "effects": ["It counts at once."],
            "label": "Give the role",
        }

    def perform(self, data: dict[str, Any]) -> str:
        """Grant."""
        role = Role(data["role"])
        services.grant_role(self.person, role, self.actor, reason=data["reason"])
        return f"@{self.person.handle} is {role.label} now."


class EndRole(PersonAct):
    """Take a role away."""

    form_class = ReasonForm

    @property
    def role(self) -> Role:
        """Which one; an unknown name is an unknown address."""
        name = self.kwargs["role"]
        if name not in Role.values:
            raise UnknownPerson(f"There is no role {name}.")
        return Role(name)

    def question(self) -> dict[str, Any]:
        """What follows from it."""
        return {
            "title": f"@{self.person.handle} is no longer {self.role.label}",
            "effects": [
                "It counts at once, in open pages and for tokens too.",
                "Signatures given in this role on gates that are not decided yet are judged again.",
            ],
            "label": "End the role",
            "kind": "danger",
            "icon": "cross",
        }

    def perform(self, data: dict[str, Any]) -> str:
        """End it."""
        services.end_role(self.person, self.role, self.actor, reason=data["reason"])
        return f"@{self.person.handle} is no longer {self.role.label}."


class SwitchAccount(PersonAct):
    """Switch an account off or on."""

    form_class = ReasonForm
    active = False

    def question(self) -> dict[str, Any]:
        """What follows from it."""
        handle = self.person.handle
        if self.active:
            return {
                "title": f"Switch the account of @{handle} on",
                "effects": ["They can log in again; roles that were not ended count again."],
                "label": "Switch on",
            }
        return {
            "title": f"Switch the account of @{handle} off",
            "effects": ["Every session and token of theirs ends now.", "Their roles count no longer."],
            "label": "Switch off",
            "kind": "danger",
            "icon": "lock",
        }

    def perform(self, data: dict[str, Any]) -> str:
        """Do it."""
        services.set_active(self.person, active=self.active, actor=self.actor, reason=data["reason"])
        return f"The account of @{self.person.handle} is switched {'on' if self.active else 'off'}."


class ResetFactors(PersonAct):
    """Take all second factors of somebody who lost theirs away; nobody ever reads them."""

    form_class = ReasonForm

    def question(self) -> dict[str, Any]:
        """What follows from it."""
        handle = self.person.handle
        return {
            "title": f"Reset the second factors of @{handle}",
            "effects": [
                "App, keys and recovery codes count no more; they sign nothing until they set up new ones.",
                "It stands on their record with your name and your reason.",
                "Make sure that it is them who ask: a colleague's voice on the phone is not enough.",
            ],
            "label": "Reset",
            "kind": "danger",
            "icon": "key",
        }

    def perform(self, data: dict[str, Any]) -> str:
        """Reset."""
        reset_factors(self.person, actor=self.actor, reason=data["reason"])
        return f"@{self.person.handle} has no second factor now; tell them."


class AddSourceLogin(PersonAct):
    """Tie a name at a source host."""

    form_class = SourceLoginForm

    def question(self) -> dict[str, Any]:
        """The form, for a page of its own."""
        handle = self.person.handle
        effect = f"Commits under this name are @{handle}'s: releases that hold them, they cannot sign."
        return {"title": f"A login of @{handle} at a source host", "effects": [effect], "label": "Add it"}

    def perform(self, data: dict[str, Any]) -> str:
        """Tie it."""
        services.add_source_login(self.person, **data, actor=self.actor)
        return f"{data['login']} at {data['host']} is @{self.person.handle}."


class RemoveSourceLogin(PersonAct):
    """Untie a name at a source host."""

    @property
    def tied(self) -> SourceLogin:
        """Which one; it must be this person's."""
        found = SourceLogin.objects.filter(pk=self.kwargs["tie"], user=self.person).first()
        if found is None:
            raise UnknownPerson(f"@{self.kwargs['login']} has no such login at a source host.")
        return found

    def question(self) -> dict[str, Any]:
        """What follows from it."""
        tied = self.tied
        return {
            "title": f"{tied.login} at {tied.host} is no longer @{tied.user.handle}",
            "effects": ["Releases made from now on do not count its commits as theirs."],
            "label": "Untie",
            "kind": "danger",
            "icon": "cross",
        }

    def perform(self, data: dict[str, Any]) -> str:
        """Untie it."""
        tied = self.tied
        services.remove_source_login(self.person, host=tied.host, login=tied.login, actor=self.actor)
        return f"{tied.login} at {tied.host} is no longer @{self.person.handle}."


class PasswordLinkPage(PersonAct):
    """Make a one-time link and show it, once."""

    def question(self) -> dict[str, Any]:
        """What it is."""
        handle = self.person.handle
        return {
            "title": f"A link for @{handle} to set a password",
            "effects": ["It works once, within a day. Hand it to them and to nobody else; it is recorded."],
            "label": "Make the link",
            "icon": "key",
        }

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Make it; the address stands on this answer only."""
        person = self.person
        link = links.password_link(person, actor=self.actor)
        return render(request, "accounts/link.html", {"person": person, "link": link})
