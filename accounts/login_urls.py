"""The addresses of the login library that are open: log in and out, password, second factor.

Sign-up, changing one's own e-mail address and a password reset by mail stay closed: accounts and
addresses come from the platform file or an Administrator, who also makes one-time links. Their names
exist, because the library's own pages look them up.
"""

from __future__ import annotations

from allauth.account import views
from allauth.mfa.base.views import authenticate
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from accounts.views import factors


def closed(request: HttpRequest) -> HttpResponse:
    """Not found, with the way that there is."""
    raise Http404("Accounts and addresses are looked after by an Administrator.")


urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("2fa/authenticate/", authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", factors.step_up_instead, name="mfa_reauthenticate"),
    path("factors/", factors.index, name="mfa_index"),
    path("factors/app/add/", factors.add_app, name="mfa_activate_totp"),
    path("factors/app/remove/", factors.remove_app, name="mfa_deactivate_totp"),
    path("factors/keys/", factors.list_keys, name="mfa_list_webauthn"),
    path("factors/keys/add/", factors.add_key, name="mfa_add_webauthn"),
    path("factors/keys/<int:pk>/rename/", factors.rename_key, name="mfa_edit_webauthn"),
    path("factors/keys/<int:pk>/remove/", factors.remove_key, name="mfa_remove_webauthn"),
    path("factors/keys/prove/", factors.step_up_instead, name="mfa_reauthenticate_webauthn"),
    path("factors/codes/", factors.codes, name="mfa_view_recovery_codes"),
    path("factors/codes/new/", factors.new_codes, name="mfa_generate_recovery_codes"),
    path("signup/", closed, name="account_signup"),
    path("email/", closed, name="account_email"),
    path("confirm-email/", closed, name="account_email_verification_sent"),
    path("password/set/", closed, name="account_set_password"),
]
