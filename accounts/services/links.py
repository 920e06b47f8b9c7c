"""One-time links: for the first Administrator of an installation, and to set a password.

A link is signed with the installation's secret key, holds for a day and works once: it carries a
mark of the state that its use changes (how often the role Administrator was ever given; the
password that was set before), so that no list of used links is needed.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from accounts import authority
from accounts.actors import Actor, person, system
from accounts.errors import AlreadyThere, LinkNotValid
from accounts.models import RoleHolding, User
from accounts.queries import holders
from accounts.roles import Role
from accounts.services.passwords import checked_password
from accounts.services.roles import give, lock_administrators, lock_person
from events import clock
from events.errors import WrongState
from events.services import record

LIFETIME = timedelta(hours=24)
_FIRST = "accounts.first-administrator"
_PASSWORD = "accounts.password"  # noqa: S105  (a salt's name)


def first_administrator_link() -> str:
    """The address at which the first Administrator sets a login and a password, once, within a day.

    Raises WrongState when there is an Administrator who can log in.
    """
    _no_administrator_yet()
    return _address("first-administrator", _FIRST, {"given": _times_given()})


@transaction.atomic
def begin_administration(token: str, *, login: str, password: str) -> User:
    """Use the first Administrator's link: make the account and grant the role.

    Raises LinkNotValid for a link that is wrong, used or old, Invalid for the login or password.
    """
    from accounts.services.people import add_person  # people re-exports this module's link

    lock_administrators()
    check_first_link(token)
    by = system("first administrator's link")
    if User.objects.filter(username__iexact=login).exists():
        raise AlreadyThere(f"The login {login} is in use.", fields={"login": ["in use"]})
    account = add_person(login=login, actor=by)
    account.set_password(checked_password(password, account))
    account.save(update_fields=("password",))
    give(account, Role.ADMINISTRATOR, person(account), reason="the first Administrator of this installation")
    return account


def check_first_link(token: str) -> None:
    """Raise LinkNotValid unless the link can be used now."""
    payload = _read(token, _FIRST)
    if payload.get("given") != _times_given():
        raise LinkNotValid("This link was used already.")


def password_link(user: User, *, actor: Actor) -> str:
    """The address at which a person sets a new password, once, within a day; recorded.

    For the Administrator to hand over; nobody else learns the password.
    """
    authority.require(actor, "MANAGE_PEOPLE")
    with transaction.atomic():
        account = lock_person(user)
        if not account.is_active:
            raise WrongState(f"The account of @{account.handle} is switched off; switch it on first.")
        record(account.stream, "person.password_link_made", actor.id)
    return _address("set-password", _PASSWORD, {"user": str(account.public_id), "mark": _mark(account)})


def owner_of_password_link(token: str) -> User:
    """Whose password the link sets; raises LinkNotValid unless it can be used now."""
    payload = _read(token, _PASSWORD)
    account = User.objects.filter(public_id=str(payload.get("user")), is_active=True).first()
    if account is None or payload.get("mark") != _mark(account):
        raise LinkNotValid("This link was used already, or a newer password was set.")
    return account


@transaction.atomic
def set_password(token: str, *, password: str) -> User:
    """Use a password link. Every session of the person ends, as the session hash changes."""
    account = lock_person(owner_of_password_link(token))
    owner_of_password_link(token)  # again under the lock: of two at once, one finds it used
    account.set_password(checked_password(password, account))
    account.save(update_fields=("password",))
    record(account.stream, "person.password_set", account.actor_id, reason="by one-time link")
    return account


def _address(name: str, salt: str, payload: dict[str, Any]) -> str:
    payload["until"] = (clock.now() + LIFETIME).isoformat()
    token = signing.dumps(payload, salt=salt)
    return f"{settings.PORTAL_BASE_URL}{reverse(f'accounts:{name}', args=[token])}"


def _read(token: str, salt: str) -> dict[str, Any]:
    try:
        payload: dict[str, Any] = signing.loads(token, salt=salt)
    except signing.BadSignature as error:
        raise LinkNotValid("This link is not one of this portal's, or it is incomplete.") from error
    if datetime.fromisoformat(payload["until"]) < clock.now():
        raise LinkNotValid("This link is older than a day; ask for a new one.")
    return payload


def _mark(account: User) -> str:
    return hashlib.sha256(f"{account.pk}:{account.password}".encode()).hexdigest()[:16]


def _times_given() -> int:
    return RoleHolding.objects.filter(role=Role.ADMINISTRATOR).count()


def _no_administrator_yet() -> None:
    able = [user for user in holders(Role.ADMINISTRATOR) if user.has_usable_password()]
    if able:
        raise WrongState(
            f"There is an Administrator already (@{able[0].handle}), who can add people and roles."
        )
