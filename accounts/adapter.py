"""How people log in: allauth's adapter, closed for sign-up, with every log-in on the record.

The limits on failed attempts are allauth's; they count in the shared cache, so that they hold over
all web processes. Log-in monitoring: HIPAA 164.308(a)(5)(ii)(C).
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from accounts.queries import user_by_name
from events.services import record


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """No sign-up: accounts come from the platform file or from an Administrator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record a failed attempt at an account that exists; unknown names leave no trace here."""
        name = credentials.get("username") or credentials.get("email") or ""
        person = user_by_name(str(name))
        if person is not None:
            self._record(person, "person.login_failed", request)

    def login(self, request: HttpRequest, user: User) -> None:
        """Open the session and record it."""
        super().login(request, user)
        self._record(user, "person.logged_in", request)

    def logout(self, request: HttpRequest) -> None:
        """End the session and record it."""
        person = request.user
        super().logout(request)
        if isinstance(person, User):
            self._record(person, "person.logged_out", request)

    def set_password(self, user: User, password: str) -> None:
        """A person changed their own password; the record says so."""
        with transaction.atomic():
            super().set_password(user, password)
            record(user.stream, "person.password_set", user.actor_id)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """A switched-off account gets the page that says no, not a page about sign-up."""
        raise PermissionDenied("This account is switched off. An Administrator can switch it on again.")

    def _record(self, person: User, kind: str, request: HttpRequest) -> None:
        with transaction.atomic():
            record(person.stream, kind, person.actor_id, data={"from": self.get_client_ip(request)})
