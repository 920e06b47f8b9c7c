"""The login library's forms for codes, held to one rule: a code counts once, on pages and in calls."""

from __future__ import annotations

from allauth.core import context
from allauth.mfa.base import forms as base
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from django import forms
from django.db import transaction

from accounts.services.factors import use_code, use_step
from accounts.totp import step_of
from events.errors import PortalError


class AuthenticateForm(base.BaseAuthenticateForm):  # type: ignore[misc]  # allauth has no types
    """A code at log-in."""

    reauthenticated = False

    def clean_code(self) -> str:
        """Use the code up; what is wrong with it stands at the field."""
        try:
            with transaction.atomic():
                _, used = use_code(self.user, self.cleaned_data["code"])
        except PortalError as error:
            raise forms.ValidationError(error.detail) from error
        self.authenticator = Authenticator.objects.get(pk=used)
        return str(self.cleaned_data["code"])

    def save(self) -> None:
        """Note in the session that a second factor was given."""
        post_authentication(context.request, self.authenticator, reauthenticated=self.reauthenticated)


class ReauthenticateForm(AuthenticateForm):
    """A code within a session."""

    reauthenticated = True


class ActivateTOTPForm(totp.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of a new app, which then counts no second time."""

    def clean_code(self) -> str:
        """Check it, and use it up."""
        code = str(super().clean_code())
        step = step_of(self.secret, "".join(code.split()))
        try:
            with transaction.atomic():
                if step is not None:
                    use_step(self.user, step)
        except PortalError as error:
            raise forms.ValidationError(error.detail) from error
        return code
