"""Deputies: one person stands in for another in one role, for a named time.

Whoever holds a role names their own deputy for it; an Administrator names anybody's. Nobody makes
themselves one. Called by the person's page and by `/api/v1/deputies/`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accounts import authority
from accounts.actors import Actor
from accounts.errors import UnknownPerson
from accounts.models import Deputy, RoleHolding, User
from accounts.roles import Role
from accounts.services.roles import lock_person
from events import clock
from events.errors import Invalid, NotAllowed
from events.services import record

LONGEST = timedelta(days=92)
"""Whoever is away longer than a quarter is replaced: the role is given to somebody else."""

SIGNING = tuple(role for role in Role if role not in (Role.ADMINISTRATOR, Role.AUDITOR))


@transaction.atomic
def name_deputy(
    principal: User,
    deputy: User,
    *,
    role: Role | str,
    since: datetime,
    until: datetime,
    reason: str,
    actor: Actor,
) -> Deputy:
    """Let `deputy` act for `principal` in `role` from `since` to `until`.

    Raises NotAllowed (not one's own role), Invalid with the fields that are wrong.
    """
    authority.require(actor, "NAME_DEPUTY")
    _demand_own(principal, actor)
    if actor.user is not None and actor.user.pk == deputy.pk:
        raise NotAllowed("Nobody makes themselves a deputy; the person who is away or another one can.")
    wanted = _read(principal, deputy, role, since, until, reason)
    lock_person(deputy)
    made = Deputy.objects.create(
        principal=principal,
        deputy=deputy,
        role=wanted,
        since=since,
        until=until,
        reason=reason.strip(),
        given_by=actor.id,
        given_at=clock.now(),
    )
    record(
        deputy.stream,
        "person.deputy_named",
        actor.id,
        after={"role": wanted, "since": since.isoformat(), "until": until.isoformat()},
        reason=made.reason,
        data={"deputy": made.pk, "principal": principal.actor_id},
    )
    return made


@transaction.atomic
def end_deputy(deputy_id: int, *, actor: Actor, reason: str = "") -> Deputy:
    """End it before its time: the principal, the deputy, or an Administrator. Raises UnknownPerson."""
    authority.require(actor, "NAME_DEPUTY")
    rows = Deputy.objects.select_for_update(of=("self",)).select_related("principal", "deputy")
    found = rows.filter(pk=deputy_id).first()
    if found is None:
        raise UnknownPerson("There is no such deputy.")
    if actor.user is None or actor.user.pk != found.deputy_id:
        _demand_own(found.principal, actor)
    if found.ended_at is None and found.until > clock.now():
        found.ended_at = clock.now()
        found.save(update_fields=("ended_at",))
        record(
            found.deputy.stream,
            "person.deputy_ended",
            actor.id,
            before={"role": found.role, "until": found.until.isoformat()},
            reason=reason.strip(),
            data={"deputy": found.pk, "principal": found.principal.actor_id},
        )
    return found


def _demand_own(principal: User, actor: Actor) -> None:
    if actor.user is not None and actor.user.pk == principal.pk:
        return
    refusal = authority.refusal(actor, "MANAGE_PEOPLE")
    if refusal is not None:
        raise NotAllowed(f"Only {principal.handle} or an Administrator can name a deputy for them.")


def _read(
    principal: User, deputy: User, role: Role | str, since: datetime, until: datetime, reason: str
) -> Role:
    faults: dict[str, list[str]] = {}
    if principal.pk == deputy.pk:
        faults["deputy"] = ["A deputy is somebody else."]
    elif not deputy.is_active:
        faults["deputy"] = [f"{deputy.handle} has no active account."]
    if role not in SIGNING:
        faults["role"] = [f"“{role}” has no deputies; roles that sign do."]
    elif not RoleHolding.objects.filter(user=principal, role=role, until=None).exists():
        faults["role"] = [f"{principal.handle} does not hold the role {Role(role).label}."]
    if until <= since:
        faults["until"] = ["It must end after it begins."]
    elif until <= clock.now():
        faults["until"] = ["That time is over."]
    elif until - since > LONGEST:
        faults["until"] = [f"At most {LONGEST.days} days; give the role to somebody else for longer."]
    if not 0 < len(reason.strip()) <= 300:
        faults["reason"] = ["Say why, in at most 300 characters."]
    if faults:
        raise Invalid(" ".join(texts[0] for texts in faults.values()), fields=faults)
    return Role(role)
