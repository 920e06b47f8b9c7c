"""What happens to a person's factors, on the record; a factor just set up counts as just given.

Hears the login library's signals. Setting one up needs the password again, and each is proved in the
same moment, so that somebody who was led here to sign can sign at once.
"""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from events.services import record


@receiver(authenticator_added)
def added(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """A factor was set up."""
    _note(user, "person.factor_added", authenticator)
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        details = {"id": authenticator.pk, "type": authenticator.type, "reauthenticated": True}
        record_authentication(request, user, "mfa", **details)


@receiver(authenticator_removed)
def removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    """A person took one of their factors away."""
    _note(user, "person.factor_removed", authenticator)


@receiver(authenticator_reset)
def renewed(user: User, authenticator: Authenticator, **_: Any) -> None:
    """New recovery codes; the old ones count no more."""
    _note(user, "person.recovery_codes_renewed", authenticator)


@receiver(authentication_failed)
def failed(user: User, authenticator: Authenticator, **_: Any) -> None:
    """A key did not prove itself."""
    _note(user, "person.factor_refused", authenticator)


def _note(user: User, kind: str, authenticator: Authenticator) -> None:
    with transaction.atomic():
        record(user.stream, kind, user.actor_id, data={"factor": str(authenticator.type)})
