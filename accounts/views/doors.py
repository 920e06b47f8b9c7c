"""Pages behind one-time links, for people who cannot log in yet."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views import View

from accounts.actors import NOBODY
from accounts.forms import FirstForm, PasswordForm
from accounts.models import User
from accounts.pages import answered, refused
from accounts.services import links
from accounts.services.refusals import refused as record_refusal
from events.errors import PortalError


class Door(View):
    """Checks the link, asks, uses it once, and sends on to the login."""

    form_class: type[Form] = PasswordForm
    heading = ""
    lede = ""

    def check(self, token: str) -> None:
        """Raise LinkNotValid unless the link can be used now."""
        raise NotImplementedError

    def use(self, token: str, data: dict[str, Any]) -> User:
        """Use the link."""
        raise NotImplementedError

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A link that is not valid says why, whatever was asked."""
        try:
            self.check(kwargs["token"])
            return super().dispatch(request, *args, **kwargs)
        except PortalError as error:
            if request.method == "POST":
                record_refusal(request, NOBODY, error)
            return refused(request, error)

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """The empty form."""
        return self._show(request, self.form_class())

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Use the link, or show what is wrong."""
        form = self.form_class(request.POST)
        person, error = answered(request, NOBODY, form, lambda data: self.use(token, data))
        if person is None:
            return self._show(request, form, error=error, status=error.status if error else 400)
        messages.success(request, f"The password of {person.handle} is set. Log in with it.")
        return HttpResponseRedirect(reverse("account_login"))

    def _show(
        self, request: HttpRequest, form: Form, *, error: PortalError | None = None, status: int = 200
    ) -> HttpResponse:
        context = {"form": form, "error": error, "heading": self.heading, "lede": self.lede}
        return render(request, "accounts/door.html", context, status=status)


class FirstAdministrator(Door):
    """The first Administrator of an installation."""

    form_class = FirstForm
    heading = "You are the first Administrator"
    lede = "Choose a login and a password. You look after people, roles and tokens; you sign nothing."

    def check(self, token: str) -> None:
        """Whether the link still holds."""
        links.check_first_link(token)

    def use(self, token: str, data: dict[str, Any]) -> User:
        """Make the account."""
        return links.begin_administration(token, login=data["login"], password=data["password"])


class SetPassword(Door):
    """A person sets a password of their own."""

    heading = "Set your password"
    lede = "This page works once. Every open session of yours ends."

    def check(self, token: str) -> None:
        """Whether the link still holds."""
        links.owner_of_password_link(token)

    def use(self, token: str, data: dict[str, Any]) -> User:
        """Set it."""
        return links.set_password(token, password=data["password"])
