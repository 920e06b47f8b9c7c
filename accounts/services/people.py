"""Accounts: add, change, switch off and on; settings of one's own; logins at source hosts.

Called by the people pages and by the platform file's loader. Each call asks the policy table, locks
the account and records one event on its stream `people/<uuid>`.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import authority
from accounts.actors import Actor
from accounts.errors import AlreadyThere, UnknownPerson
from accounts.models import SourceLogin, User
from accounts.pseudonyms import apart, forget_names
from accounts.queries import user_by_source_login
from accounts.services.links import first_administrator_link as first_administrator_link
from accounts.services.passwords import set_demo_password as set_demo_password
from accounts.services.roles import end_role as end_role
from accounts.services.roles import grant_role as grant_role
from accounts.services.roles import lock_person, would_leave_nobody
from events.errors import Invalid, NotAllowed
from events.services import record

_WORDS = {"username": "login", "display_name": "name"}
"""The names by which callers know these fields."""
PERSONAL = ("username", "display_name", "email")
SHOWN = ("username", "display_name", "email", "time_zone", "theme")


@transaction.atomic
def add_person(*, login: str, name: str = "", email: str = "", time_zone: str = "UTC", actor: Actor) -> User:
    """A new account without a password or roles.

    Raises Invalid with the fields that are wrong, AlreadyThere for a login or address in use.
    """
    authority.require(actor, "MANAGE_PEOPLE")
    person = User(username=login, display_name=name, email=email, time_zone=time_zone)
    person.set_unusable_password()
    _save(person)
    record(person.stream, "person.added", actor.id, after=_apart(person, _facts(person)))
    forget_names()
    return person


@transaction.atomic
def change_person(
    user: User,
    *,
    actor: Actor,
    name: str | None = None,
    email: str | None = None,
    time_zone: str | None = None,
) -> User:
    """Change what is given; nothing is recorded when nothing differs."""
    authority.require(actor, "MANAGE_PEOPLE")
    person = lock_person(user)
    before = _facts(person)
    wanted = {"display_name": name, "email": email, "time_zone": time_zone}
    for field, value in wanted.items():
        if value is not None:
            setattr(person, field, value)
    return _record_change(person, "person.changed", before, actor)


@transaction.atomic
def change_own_settings(*, actor: Actor, time_zone: str, theme: str) -> User:
    """A person's own zone and colours. Needs a person's session or token, no role."""
    if actor.user is None:
        raise NotAllowed("Only a person has settings of their own.")
    person = lock_person(actor.user)
    before = _facts(person)
    person.time_zone, person.theme = time_zone, theme
    return _record_change(person, "person.settings_changed", before, actor)


@transaction.atomic
def set_active(user: User, *, active: bool, actor: Actor, reason: str = "") -> User:
    """Switch an account off or on. Off counts at once: sessions, tokens and roles stop working.

    Raises LastAdministrator when nobody would be left to look after people and roles.
    """
    authority.require(actor, "MANAGE_PEOPLE")
    person = lock_person(user)
    if person.is_active == active:
        return person
    if not active:
        would_leave_nobody(person)
    person.is_active = active
    person.save(update_fields=("is_active",))
    kind = "person.reactivated" if active else "person.deactivated"
    record(
        person.stream, kind, actor.id, before={"active": not active}, after={"active": active}, reason=reason
    )
    return person


@transaction.atomic
def add_source_login(
    user: User, *, host: str, login: str, actor: Actor, from_file: bool = False
) -> SourceLogin:
    """Say under which name a person writes commits at `host`. Raises AlreadyThere when another does."""
    authority.require(actor, "MANAGE_PEOPLE")
    person = lock_person(user)
    host, login = host.strip().lower(), login.strip()
    taken = user_by_source_login(host, login)
    if taken is not None:
        raise AlreadyThere(
            f"{login} at {host} is tied to @{taken.handle}; untie it there first.",
            fields={"login": ["taken"]},
        )
    tied = SourceLogin(user=person, host=host, login=login, from_file=from_file)
    _clean(tied)
    tied.save()
    record(person.stream, "person.source_login_added", actor.id, after=_login(person, host, login))
    return tied


@transaction.atomic
def remove_source_login(user: User, *, host: str, login: str, actor: Actor) -> None:
    """Untie a name at a source host. Raises UnknownPerson when it is not this person's."""
    authority.require(actor, "MANAGE_PEOPLE")
    person = lock_person(user)
    gone, _ = SourceLogin.objects.filter(user=person, host=host.lower(), login__iexact=login).delete()
    if not gone:
        raise UnknownPerson(f"@{person.handle} has no login {login} at {host}.")
    record(person.stream, "person.source_login_removed", actor.id, before=_login(person, host, login))


def _record_change(person: User, kind: str, before: dict[str, Any], actor: Actor) -> User:
    if _facts(person) == before:
        return person
    _save(person)
    after = _facts(person)
    changed = [field for field in SHOWN if before[field] != after[field]]
    before, after = ({field: facts[field] for field in changed} for facts in (before, after))
    record(person.stream, kind, actor.id, before=_apart(person, before), after=_apart(person, after))
    forget_names()
    return person


def _login(person: User, host: str, login: str) -> dict[str, str]:
    return {"host": host, "login": apart(person, "login", login)}


def _apart(person: User, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts as the record has them: names and addresses kept apart."""
    return {name: apart(person, name, value) if name in PERSONAL else value for name, value in facts.items()}


def _facts(person: User) -> dict[str, Any]:
    return {field: getattr(person, field) for field in SHOWN}


def _save(person: User) -> None:
    _clean(person)
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:
        raise AlreadyThere(f"The login or e-mail address of @{person.handle} is in use.") from error


def _clean(thing: User | SourceLogin) -> None:
    """Raise Invalid with what Django's field checks say, by field."""
    try:
        thing.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        fields = {_WORDS.get(name, name): texts for name, texts in error.message_dict.items()}
        named = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items())
        raise Invalid(f"This is not valid: {named}", fields=fields) from error
