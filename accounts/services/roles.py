"""Roles granted and ended. Losing one counts at once: rights are read at every request.

A role is given by the platform file (`from_file`), which then also ends it, or by an Administrator.
"""

from __future__ import annotations

from django.db import connection, transaction

from accounts import authority
from accounts.actors import Actor
from accounts.errors import LastAdministrator, UnknownPerson
from accounts.models import RoleHolding, User
from accounts.roles import Role
from events import clock
from events.services import record

_ADMINISTRATORS_LOCK = 0x484D4850_01
"""Key of the advisory lock under which the set of Administrators shrinks or first begins."""


@transaction.atomic
def grant_role(
    user: User, role: Role, actor: Actor, *, from_file: bool = False, reason: str = ""
) -> RoleHolding:
    """Give a role; a role that is held already stays as it is, but the file may take it over."""
    authority.require(actor, "MANAGE_PEOPLE")
    person = lock_person(user)
    held = RoleHolding.objects.filter(user=person, role=role, until=None).first()
    if held is not None and (held.from_file or not from_file):
        return held
    if held is not None:
        held.from_file = True
        held.save(update_fields=("from_file",))
        record(person.stream, "person.role_kept_by_file", actor.id, after={"role": str(role)})
        return held
    return give(person, role, actor, from_file=from_file, reason=reason)


def give(person: User, role: Role, actor: Actor, *, from_file: bool = False, reason: str = "") -> RoleHolding:
    """Write and record a new holding; the caller holds the person's lock and has asked the table."""
    held = RoleHolding.objects.create(
        user=person, role=role, since=clock.now(), given_by=actor.id, from_file=from_file
    )
    record(person.stream, "person.role_granted", actor.id, after={"role": str(role)}, reason=reason)
    return held


@transaction.atomic
def end_role(user: User, role: Role, actor: Actor, *, reason: str = "", from_file: bool = False) -> None:
    """Take a role away; nothing happens when it is not held.

    Raises LastAdministrator when nobody would be left to look after people and roles; the platform
    file may do that, because `first_administrator_link` begins anew.
    """
    authority.require(actor, "MANAGE_PEOPLE")
    person = lock_person(user)
    held = RoleHolding.objects.select_for_update().filter(user=person, role=role, until=None).first()
    if held is None:
        return
    if role == Role.ADMINISTRATOR and not from_file:
        would_leave_nobody(person)
    held.until = max(clock.now(), held.since)
    held.save(update_fields=("until",))
    record(person.stream, "person.role_ended", actor.id, before={"role": str(role)}, reason=reason)


def lock_person(user: User) -> User:
    """The account, fetched again under a row lock; raises UnknownPerson when it is gone."""
    person = User.objects.select_for_update().filter(pk=user.pk).first()
    if person is None:
        raise UnknownPerson("This account does not exist.")
    return person


def lock_administrators() -> None:
    """Until commit, nobody else begins or shrinks the set of Administrators."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADMINISTRATORS_LOCK])


def would_leave_nobody(person: User) -> None:
    """Raise LastAdministrator when `person` is the only active Administrator."""
    lock_administrators()
    administrators = RoleHolding.objects.filter(role=Role.ADMINISTRATOR, until=None, user__is_active=True)
    ids = set(administrators.values_list("user_id", flat=True))
    if ids == {person.pk}:
        raise LastAdministrator(
            f"@{person.handle} is the only Administrator; grant the role to somebody else first."
        )
