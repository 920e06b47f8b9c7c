"""A person's own settings: time zone and colours."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from accounts.forms import SettingsForm
from accounts.models import User
from accounts.pages import Page, answered
from accounts.queries import people
from accounts.services.people import change_own_settings


class SettingsPage(Page):
    """Open to everybody who is logged in, with or without a role."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form as it stands."""
        user = self._user()
        form = SettingsForm(initial={"time_zone": user.time_zone, "theme": user.theme})
        return self._show(request, form)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save."""
        form = SettingsForm(request.POST)
        saved, _ = answered(
            request, self.actor, form, lambda data: change_own_settings(**data, actor=self.actor)
        )
        if saved is None:
            return self._show(request, form, status=400)
        messages.success(request, "Your settings are saved.")
        return HttpResponseRedirect(request.path)

    def _user(self) -> User:
        assert self.actor.user is not None  # the page is for logged-in people
        return self.actor.user

    def _show(self, request: HttpRequest, form: SettingsForm, status: int = 200) -> HttpResponse:
        me = people().get(pk=self._user().pk)
        return render(request, "accounts/settings.html", {"form": form, "person": me}, status=status)
