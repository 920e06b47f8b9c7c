"""The addresses of the login library that are open: log in and out, password, second factor.

Sign-up, changing one's own e-mail address and a password reset by mail stay closed: accounts and
addresses come from the platform file or an Administrator, who also makes one-time links. Their names
exist, because the library's own pages look them up.
"""

from __future__ import annotations

from allauth.account import views
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path


def closed(request: HttpRequest) -> HttpResponse:
    """Not found, with the way that there is."""
    raise Http404("Accounts and addresses are looked after by an Administrator.")


urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("2fa/", include("allauth.mfa.urls")),
    path("signup/", closed, name="account_signup"),
    path("email/", closed, name="account_email"),
    path("confirm-email/", closed, name="account_email_verification_sent"),
    path("password/set/", closed, name="account_set_password"),
]
