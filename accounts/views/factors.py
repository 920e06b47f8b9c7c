"""A person's own factors: the login library's pages, with what this portal asks on top.

Whoever has a factor gives it before factors are changed: the password alone must never be enough to put
another key beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.base.views import IndexView
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp.views import ActivateTOTPView, deactivate_totp
from allauth.mfa.webauthn import views as keys
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts.actors import of_request
from accounts.errors import FactorNeeded
from accounts.services.factors import FRESH, has_factor, is_fresh
from accounts.step_up import lead_to_factor, waiting

View = Callable[..., HttpResponseBase]


def with_own_factor(view: View) -> View:
    """Ask for a factor first, where the person has one; without one the password is asked again."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        actor = of_request(request)
        if actor.user is None:
            return redirect_to_login(request.get_full_path())
        if has_factor(actor.user) and not is_fresh(actor):
            sentence = (
                f"To change your factors, give one of them; it counts for {FRESH.seconds // 60} minutes."
            )
            return lead_to_factor(request, FactorNeeded(sentence))
        return view(request, *args, **kwargs)

    return guarded


class FactorsPage(IndexView):  # type: ignore[misc]  # allauth has no types
    """What the person has, and what waits for it."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the act that waits for a factor."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"act": waiting(self.request)}


class AddAppPage(ActivateTOTPView):  # type: ignore[misc]
    """Set up an authenticator app; the picture for it is drawn into the page."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The drawing without its XML head, and the secret for typing."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        svg = context["totp_svg"]
        secret = context["form"].secret
        groups = [secret[i : i + 4] for i in range(0, len(secret), 4)]
        return context | {"drawing": svg[svg.index("<svg") :], "secret": " ".join(groups)}


class CodesPage(recovery.ViewRecoveryCodesView):  # type: ignore[misc]
    """Recovery codes, shown once, with the way on to what waits."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the act that waits for a factor."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"act": waiting(self.request)}


def step_up_instead(request: HttpRequest, **_: Any) -> HttpResponseBase:
    """The library's pages for giving a factor again are the portal's one page."""
    return HttpResponseRedirect(reverse("accounts:step-up"))


index = FactorsPage.as_view()
add_app = with_own_factor(AddAppPage.as_view())
remove_app = with_own_factor(deactivate_totp)
codes = with_own_factor(CodesPage.as_view())
new_codes = with_own_factor(recovery.generate_recovery_codes)
list_keys = keys.list_webauthn
add_key = with_own_factor(keys.add_webauthn)
rename_key = with_own_factor(keys.edit_webauthn)
remove_key = with_own_factor(keys.remove_webauthn)
