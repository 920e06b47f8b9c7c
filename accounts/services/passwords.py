"""Passwords: set by the person behind a one-time link, or for the people of a demo."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.actors import Actor
from accounts.models import User
from accounts.services.roles import lock_person
from events.errors import Invalid, NotAllowed
from events.services import record


def checked_password(password: str, person: User) -> str:
    """The password, or Invalid with what is wrong with it."""
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), fields={"password": error.messages}) from error
    return password


@transaction.atomic
def set_demo_password(user: User, password: str, actor: Actor) -> None:
    """Give a person of the demo a known password. Refused on an installation that is no demo."""
    if settings.PORTAL_MODE not in ("demo", "test"):
        raise NotAllowed("Known passwords are for the demo alone; people set theirs by a one-time link.")
    person = lock_person(user)
    if person.check_password(password):
        return
    person.set_password(password)
    person.save(update_fields=("password",))
    record(person.stream, "person.password_set", actor.id, reason="demo account")
