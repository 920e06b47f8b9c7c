"""How people log in: allauth's adapters, closed for sign-up, with every log-in on the record.

The limits on failed attempts are allauth's; they count in the shared cache, so that they hold over
all web processes. Log-in monitoring: HIPAA 164.308(a)(5)(ii)(C).
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts.actors import of_request
from accounts.models import User
from accounts.pseudonyms import apart
from accounts.queries import user_by_name
from accounts.services.factors import is_fresh
from accounts.services.refusals import act_of, note
from events.services import record


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """No sign-up: accounts come from the platform file or from an Administrator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record a failed attempt; a name that is nobody's is not kept, it may be a mistyped password."""
        name = credentials.get("username") or credentials.get("email") or ""
        person = user_by_name(str(name))
        if person is not None:
            self._record(person, "person.login_failed", request)
        else:
            note(
                "nobody",
                act_of(request),
                "unknown-login",
                403,
                "Somebody tried a login that does not exist.",
                {},
            )

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

    def is_reauthentication_required(self, *, app: str | None = None) -> bool:
        """Not again for who has just given a second factor; `accounts.views.factors` asks for those."""
        return not is_fresh(of_request(self.request))

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """A switched-off account gets the page that says no, not a page about sign-up."""
        raise PermissionDenied("This account is switched off. An Administrator can switch it on again.")

    def _record(self, person: User, kind: str, request: HttpRequest) -> None:
        with transaction.atomic():
            address = apart(person, "address", str(self.get_client_ip(request) or ""))
            record(person.stream, kind, person.actor_id, data={"from": address})


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Second factors: their secrets lie encrypted in the database; keys are tied to the base URL."""

    def encrypt(self, text: str) -> str:
        """For the database, by a key that is not in it."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """As it was."""
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def get_totp_label(self, user: User) -> str:
        """How an app lists the account."""
        return user.handle

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The portal as browsers know it: by its own address, never by what a request says."""
        return {"id": urlsplit(settings.PORTAL_BASE_URL).hostname or "", "name": settings.MFA_TOTP_ISSUER}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        """The person as a key shows them; the id says nothing about them."""
        return {"id": user.public_id.bytes, "display_name": user.name, "name": user.handle}


def _cipher() -> MultiFernet:
    """Keys derived from the portal's secret keys, the present one first."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_derived(str(key))) for key in keys])


def _derived(key: str) -> bytes:
    return base64.urlsafe_b64encode(HKDF(SHA256(), 32, None, b"second factors").derive(key.encode()))
