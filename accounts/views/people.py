"""People and roles: the list, a new person, one person. The acts on one are in `person_acts`."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from accounts.errors import UnknownPerson
from accounts.forms import NewPersonForm, PersonForm, RoleForm, SourceLoginForm
from accounts.models import User
from accounts.pages import Page, answered
from accounts.queries import deputies_of, labels, people, tokens_of
from accounts.roles import Role
from accounts.services import people as services
from events import clock
from events import queries as record


def person_of(login: str) -> User:
    """The person of an address; raises UnknownPerson."""
    person = people().filter(username=login).first()
    if person is None:
        raise UnknownPerson(f"Nobody here has the login {login}.")
    return person


class PeoplePage(Page):
    """Everybody, with the roles that they hold now."""

    verb = "READ_PEOPLE"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        everybody = list(people())
        context = {
            "people": everybody,
            "sentence": _sentence(everybody),
            "roles": [(role, _held_by(role, everybody)) for role in Role],
            "may_manage": self.may("MANAGE_PEOPLE"),
        }
        return render(request, "accounts/people.html", context)


def _sentence(everybody: list[User]) -> str:
    active = [person for person in everybody if person.is_active]
    without = sum(1 for person in active if not _roles_of(person))
    off = len(everybody) - len(active)
    parts = [f"{len(active)} {'person' if len(active) == 1 else 'people'} can log in"]
    if without:
        parts.append(f"{without} of them {'holds' if without == 1 else 'hold'} no role")
    if off:
        parts.append(f"{off} {'account is' if off == 1 else 'accounts are'} switched off")
    return ", ".join(parts)


def held_by(person: User) -> str:
    """What somebody is here, in one sentence."""
    if not person.is_active:
        return f"@{person.handle} has an account that is switched off."
    *most, last = [role.label for role in _roles_of(person)] or [""]
    told = f"{', '.join(most)} and {last}" if most else last
    return f"@{person.handle} is {told}." if told else f"@{person.handle} holds no role."


def _roles_of(person: User) -> list[Role]:
    return [Role(holding.role) for holding in getattr(person, "open_holdings", [])]


def _held_by(role: Role, everybody: list[User]) -> list[User]:
    return [person for person in everybody if person.is_active and role in _roles_of(person)]


def _new(form: NewPersonForm) -> dict[str, Any]:
    return {"form": form, "sentence": _sentence(list(people()))}


class AddPersonPage(Page):
    """A new account, which gets its password by a one-time link."""

    verb = "MANAGE_PEOPLE"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The empty form."""
        return render(request, "accounts/add_person.html", _new(NewPersonForm()))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make the account, or show what is wrong."""
        form = NewPersonForm(request.POST)
        person, error = answered(
            request, self.actor, form, lambda data: services.add_person(**data, actor=self.actor)
        )
        if person is None:
            context = _new(form) | {"error": error}
            return render(request, "accounts/add_person.html", context, status=error.status if error else 400)
        messages.success(request, f"@{person.handle} has an account; give roles and a one-time link here.")
        return HttpResponseRedirect(reverse("accounts:person", args=[person.username]))


class PersonPage(Page):
    """One person: roles over time, logins, tokens, and what was recorded."""

    verb = "READ_PEOPLE"

    def get(self, request: HttpRequest, login: str) -> HttpResponse:
        """Show them."""
        return self._show(request, person_of(login))

    def post(self, request: HttpRequest, login: str) -> HttpResponse:
        """Change name, address or zone."""
        person = person_of(login)
        form = PersonForm(request.POST)
        changed, error = answered(
            request,
            self.actor,
            form,
            lambda data: services.change_person(person, **data, actor=self.actor),
        )
        if changed is None:
            return self._show(request, person, form=form, error=error, status=error.status if error else 400)
        messages.success(request, f"What is known of @{person.handle} is saved.")
        return HttpResponseRedirect(request.path)

    def _show(self, request: HttpRequest, person: User, *, status: int = 200, **more: Any) -> HttpResponse:
        may_manage = self.may("MANAGE_PEOPLE")
        history = list(person.holdings.order_by("-since"))
        events = record.page(person.stream, limit=20)
        initial = {"name": person.display_name, "email": person.email, "time_zone": person.time_zone}
        context = {
            "person": person,
            "history": history,
            "events": events,
            "names": labels({*(e.actor for e in events), *(h.given_by for h in history)}),
            "tokens": tokens_of(person) if may_manage else [],
            "may_manage": may_manage,
            "deputies": deputies_of(person),
            "may_name": may_manage or (self.actor.user == person and self.may("NAME_DEPUTY")),
            "now": clock.now(),
            "form": PersonForm(initial=initial),
            "role_form": RoleForm(),
            "source_form": SourceLoginForm(),
        }
        return render(request, "accounts/person.html", context | more, status=status)
