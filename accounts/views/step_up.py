"""The page that asks for a second factor, in the middle of an act or of looking after one's factors."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from accounts import step_up
from accounts.factor_forms import ReauthenticateForm
from accounts.models import User
from accounts.pages import Page
from accounts.services.factors import FRESH, has_factor, is_fresh


class StepUpPage(Page):
    """GET asks, POST takes a code or a key's answer and goes on with the act."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The empty form, or the way to a first factor."""
        if not has_factor(self._user()):
            return HttpResponseRedirect(reverse("mfa_index"))
        return self._show(request, ReauthenticateForm(user=self._user()))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Take the factor; what is wrong with it stands at its field, and the act waits on."""
        if "cancel" in request.POST:
            act = step_up.waiting(request)
            step_up.forget(request)
            return HttpResponseRedirect(act.back if act else "/")
        if "go_on" in request.POST and is_fresh(self.actor):
            return step_up.go_on(request)
        by_key = "credential" in request.POST
        form_class = ReauthenticateWebAuthnForm if by_key else ReauthenticateForm
        form = form_class(user=self._user(), data=request.POST)
        if not form.is_valid():
            return self._show(request, form, status=400)
        form.save()
        return step_up.go_on(request)

    def _user(self) -> User:
        assert self.actor.user is not None  # the page is for logged-in people
        return self.actor.user

    def _show(self, request: HttpRequest, form: Any, status: int = 200) -> HttpResponse:
        user = self._user()
        kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        by_key = Authenticator.Type.WEBAUTHN in kinds
        wrong_key = isinstance(form, ReauthenticateWebAuthnForm)
        context = {
            "act": step_up.waiting(request),
            "form": ReauthenticateForm(user=user) if wrong_key else form,
            "key_form": (form if wrong_key else ReauthenticateWebAuthnForm(user=user)) if by_key else None,
            "by_code": bool(kinds - {Authenticator.Type.WEBAUTHN}),
            "minutes": FRESH.seconds // 60,
            "js_data": {"request_options": auth.begin_authentication(user)} if by_key else None,
            "person": user,
            "is_fresh": is_fresh(self.actor),
        }
        return render(request, "mfa/step_up.html", context, status=status)
