"""Who acts in the demo's past: the people of the example platform, found by their role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts import actors
from accounts.actors import Actor
from accounts.models import ApiToken
from accounts.queries import holders
from accounts.roles import Role, Scope
from accounts.services.tokens import create_token
from events import clock


class PlayedProof(actors.Proof):
    """A second factor given a moment ago, at whatever moment of the past is played."""

    @property
    def at(self) -> datetime:
        """Half a minute before the moved clock's now."""
        return clock.now() - timedelta(seconds=30)

    @at.setter
    def at(self, moment: datetime | None) -> None:
        """Nothing else can be given."""


@dataclass(frozen=True, slots=True)
class Cast:
    """One actor for each role that the past needs, and CI's service token."""

    manager: Actor
    devops: Actor
    qa: Actor
    security: Actor
    developer: Actor
    support: Actor
    ci: Actor

    def author(self, host: str) -> dict[str, str]:
        """The developer as the source host knows them."""
        assert self.developer.user is not None
        login = self.developer.user.source_logins.filter(host=host).values_list("login", flat=True).first()
        return {
            "host": host,
            "login": login or self.developer.label,
            "name": self.developer.user.display_name,
        }


def assemble() -> Cast:
    """The first holder of each role; raises LookupError when the platform file gave nobody a role."""
    return Cast(
        manager=_first(Role.RELEASE_MANAGER),
        devops=_first(Role.DEVOPS_ENGINEER),
        qa=_first(Role.QA_LEAD),
        security=_first(Role.SECURITY_OFFICER),
        developer=_first(Role.DEVELOPER),
        support=_first(Role.SUPPORT),
        ci=_ci(),
    )


def _first(role: Role) -> Actor:
    for person in holders(role):
        return actors.person(person, PlayedProof("totp"))
    raise LookupError(f"The platform file names no {role.label}; the demo's past needs one.")


def _ci() -> Actor:
    token = ApiToken.objects.filter(name="CI of the example", owner=None).first()
    if token is None:
        token, _ = create_token(
            name="CI of the example",
            scopes=(Scope.READ, Scope.RELEASE, Scope.STAGE),
            actor=actors.system("demo"),
            days=366,
        )
    return actors.from_token(token)
