"""Erase a person (GDPR 17): names and addresses go, what they did stays on the record under their id."""

from __future__ import annotations

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts import authority
from accounts.actors import Actor
from accounts.models import ApiToken, KeptApart, RoleHolding, SourceLogin, User
from accounts.pseudonyms import forget_names
from accounts.services.roles import lock_person, would_leave_nobody
from events import clock
from events.errors import Invalid
from events.services import record

ELSEWHERE: list[Callable[[User], int]] = []
"""What rooms above hold of a person beside the record (written mails), and how it is cleared of the names."""


@transaction.atomic
def erase_person(user: User, *, actor: Actor, reason: str) -> User:
    """Remove name, login, address, source logins and everything kept apart about a person; for good.

    The account is switched off, its roles end, its tokens are revoked. The signatures and events stay,
    under the opaque id, because the law asks for them (GDPR 17(3)(b), 45 CFR 164.316(b)(2)). Raises
    NotAllowed, Invalid without a reason, LastAdministrator.
    """
    authority.require(actor, "MANAGE_PEOPLE")
    if not reason.strip():
        raise Invalid(
            "Say why: the request of the person, for example.", fields={"reason": ["This field is required."]}
        )
    person = lock_person(user)
    if person.erased_at is not None:
        return person
    would_leave_nobody(person)
    now = clock.now()
    RoleHolding.objects.filter(user=person, until=None).update(until=now)
    ApiToken.objects.filter(owner=person, revoked_at=None).update(revoked_at=now)
    ApiToken.objects.filter(owner=person).update(name="erased")
    SourceLogin.objects.filter(user=person).delete()
    Authenticator.objects.filter(user=person).delete()
    elsewhere = sum(forget(person) for forget in ELSEWHERE)
    kept, _ = KeptApart.objects.filter(person=person).delete()
    record(
        person.stream,
        "person.erased",
        actor.id,
        reason=reason.strip(),
        data={"facts_removed": kept, "messages_cleared": elsewhere},
    )
    person.username = f"erased-{person.public_id.hex[:12]}"
    person.display_name, person.email, person.time_zone = "", "", "UTC"
    person.is_active, person.erased_at, person.last_login = False, now, None
    person.set_unusable_password()
    person.save()
    forget_names()
    return person
