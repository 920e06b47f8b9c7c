"""The named cast of the tests: who they are, what they hold, and how they act.

`make_cast()` makes all of them; `actor("rita")` makes or fetches one and returns their actor in a
session. Everybody's password is `PASSWORD`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.hashers import make_password

from accounts.actors import Actor, Proof, person, system
from accounts.models import ApiToken, RoleHolding, SourceLogin, User
from accounts.roles import Role
from accounts.services.people import add_source_login
from accounts.services.roles import grant_role
from accounts.services.tokens import create_token
from events import clock

PASSWORD = "slack-water-and-tide"
ROLES: dict[str, tuple[Role, ...]] = {
    "rita": (Role.RELEASE_MANAGER,),
    "devon": (Role.DEVOPS_ENGINEER,),
    "quinn": (Role.QA_LEAD,),
    "sasha": (Role.SECURITY_OFFICER,),
    "dana": (Role.DEVELOPER,),
    "otto": (),
    "sue": (Role.SUPPORT,),
    "stan": (Role.STAKEHOLDER,),
    "audrey": (Role.AUDITOR,),
    "adam": (Role.ADMINISTRATOR,),
}
SETUP = system("test")


@dataclass(frozen=True)
class Cast:
    """The people, by first name."""

    rita: User
    devon: User
    quinn: User
    sasha: User
    dana: User
    otto: User
    sue: User
    stan: User
    audrey: User
    adam: User


def make_cast() -> Cast:
    """Everybody, with their roles and source logins (`<name>-gh` at github.com).

    In three statements, and so without events: hundreds of tests need it.
    """
    now, password = clock.now(), make_password(PASSWORD)
    people = [
        User(
            username=name,
            email=f"{name}@hmhp.example",
            display_name=name.title(),
            password=password,
            date_joined=now,
        )
        for name in ROLES
    ]
    made = {one.username: one for one in User.objects.bulk_create(people)}
    RoleHolding.objects.bulk_create(
        RoleHolding(user=made[name], role=role, since=now) for name, roles in ROLES.items() for role in roles
    )
    SourceLogin.objects.bulk_create(
        SourceLogin(user=one, host="github.com", login=f"{name}-gh") for name, one in made.items()
    )
    return Cast(**made)


def user(name: str) -> User:
    """One person of the cast, made on first need."""
    found = User.objects.filter(username=name).first()
    if found is not None:
        return found
    made = User.objects.create_user(
        name, f"{name}@hmhp.example", PASSWORD, display_name=name.title(), date_joined=clock.now()
    )
    for role in ROLES[name]:
        grant_role(made, role, SETUP)
    add_source_login(made, host="github.com", login=f"{name}-gh", actor=SETUP)
    return made


class Fresh(Proof):
    """A second factor given this very moment, wherever a test moves the clock."""

    @property  # type: ignore[override]
    def at(self) -> datetime:
        """Just now."""
        return clock.now() - timedelta(seconds=1)

    @at.setter
    def at(self, moment: datetime | None) -> None:
        """Whatever is given, it is now."""


def actor(name: str, proof: Proof | None = None) -> Actor:
    """One person of the cast acting in a session, with the roles that they hold now.

    Their second factor is fresh, unless another one is handed in.
    """
    return person(user(name), Fresh("totp") if proof is None else proof)


def app_of(name: str) -> Authenticator:
    """The authenticator app of a person of the cast, set up on first need."""
    person_ = user(name)
    found = Authenticator.objects.filter(user=person_, type=Authenticator.Type.TOTP).first()
    return found or TOTP.activate(person_, generate_totp_secret()).instance


def token_of(name: str | None, *scopes: str, environments: Iterable[str] = ()) -> tuple[ApiToken, str]:
    """A token of a person of the cast (None: a service token) and its text for `Bearer`."""
    owner = user(name) if name else None
    return create_token(
        name=f"{name or 'ci'} token", scopes=scopes, actor=SETUP, owner=owner, environments=environments
    )


def expired_token_of(name: str | None, *scopes: str) -> str:
    """The text of a token whose time is over."""
    token, text = token_of(name, *scopes)
    token.expires_at = clock.now() - timedelta(seconds=1)
    token.save(update_fields=("expires_at",))
    return text
