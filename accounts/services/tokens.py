"""API tokens: made, shown once, revoked.

A person makes tokens of their own in a session; an Administrator makes service tokens and revokes
any; nobody makes a token for another person, since it would sign as that person (the command line
of the installation can, and the record says so).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction

from accounts import authority
from accounts.actors import Actor
from accounts.errors import ScopeNotForServices, UnknownScope, UnknownToken
from accounts.models import ApiToken, User, digest_of
from accounts.roles import SERVICE_SCOPES, Scope
from accounts.services.factors import demand_fresh
from events import clock
from events.errors import Invalid, NotAllowed
from events.services import record

MAX_DAYS = 366
_ENVIRONMENT = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@transaction.atomic
def create_token(
    *,
    name: str,
    scopes: Iterable[str],
    actor: Actor,
    owner: User | None = None,
    environments: Iterable[str] = (),
    days: int = 90,
) -> tuple[ApiToken, str]:
    """A new token and its text, which is never shown again. `owner` None makes a service token.

    `days` is how long it holds, 1 to 366. Scope `sign` needs a fresh second factor. Raises
    UnknownScope, ScopeNotForServices, Invalid, NotAllowed, and what `demand_fresh` raises.
    """
    _may_create(actor, owner)
    name = name.strip()
    wanted = checked_scopes(scopes, service=owner is None)
    where = _checked_environments(environments)
    _check_name_and_days(name, days)
    if Scope.SIGN in wanted and actor.kind != "system":
        demand_fresh(actor, "make a token that signs")
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    now = clock.now()
    token = ApiToken.objects.create(
        name=name,
        prefix=prefix,
        digest=digest_of(secret),
        owner=owner,
        scopes=wanted,
        environments=where,
        created_by=actor.id,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    record(token.stream, "token.created", actor.id, after=_facts(token))
    return token, f"hmhp_{prefix}_{secret}"


@transaction.atomic
def revoke_token(token: ApiToken, actor: Actor, *, reason: str = "") -> ApiToken:
    """End a token at once; a token that is revoked already stays so.

    Raises NotAllowed for somebody else's token without the right to manage those.
    """
    locked = ApiToken.objects.select_for_update(of=("self",)).filter(pk=token.pk).first()
    if locked is None:
        raise UnknownToken("This token does not exist.")
    own = locked.owner is not None and actor.user is not None and locked.owner.pk == actor.user.pk
    authority.require(actor, "OWN_TOKENS" if own and actor.roles else "MANAGE_TOKENS")
    if locked.revoked_at is None:
        locked.revoked_at = clock.now()
        locked.save(update_fields=("revoked_at",))
        record(locked.stream, "token.revoked", actor.id, before=_facts(locked), reason=reason)
    return locked


def checked_scopes(scopes: Iterable[str], *, service: bool) -> list[str]:
    """The scopes in the table's order, each once; raises UnknownScope or ScopeNotForServices."""
    wanted = {str(scope) for scope in scopes}
    unknown = sorted(wanted - set(Scope.values))
    if unknown:
        raise UnknownScope(
            f"There is no scope {', '.join(unknown)}; the scopes are {', '.join(Scope.values)}.",
            fields={"scopes": [f"unknown: {name}" for name in unknown]},
        )
    if not wanted:
        raise UnknownScope(
            f"A token needs at least one scope of {', '.join(Scope.values)}.", fields={"scopes": ["missing"]}
        )
    personal = sorted(wanted - SERVICE_SCOPES) if service else []
    if personal:
        raise ScopeNotForServices(
            f"A service token never carries {' or '.join(personal)}: only a person signs, decides or starts "
            "production. Make a personal token instead.",
            fields={"scopes": [f"not for services: {name}" for name in personal]},
        )
    return [scope.value for scope in Scope if scope.value in wanted]


def _may_create(actor: Actor, owner: User | None) -> None:
    if actor.scopes is not None:
        raise NotAllowed("A token cannot make tokens; log in and make it there.")
    if actor.kind == "system":
        return
    if owner is None:
        authority.require(actor, "MANAGE_TOKENS")
    elif actor.user is None or owner.pk != actor.user.pk:
        raise NotAllowed(f"Only @{owner.handle} can make a token that acts for @{owner.handle}.")
    else:
        authority.require(actor, "OWN_TOKENS")


def _checked_environments(environments: Iterable[str]) -> list[str]:
    names = sorted(set(environments))
    wrong = [name for name in names if not _ENVIRONMENT.fullmatch(name)]
    if wrong:
        raise Invalid(f"{wrong[0][:80]!r} is not the name of an environment.", fields={"environments": wrong})
    return names


def _check_name_and_days(name: str, days: int) -> None:
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise Invalid("A token needs a name of 1 to 100 printable characters.", fields={"name": ["length"]})
    if not 1 <= days <= MAX_DAYS:
        raise Invalid(f"A token holds for 1 to {MAX_DAYS} days, not {days}.", fields={"days": ["range"]})


def _facts(token: ApiToken) -> dict[str, object]:
    return {
        "token": str(token.public_id),
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes,
        "environments": token.environments,
        "expires_at": token.expires_at,
    }
