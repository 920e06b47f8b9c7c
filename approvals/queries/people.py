"""Who is there to sign: everybody with a role, as deputies too. Read by policy checks and `standing`."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef
from django.db.models.functions import JSONObject

from accounts.actors import Actor, holder
from accounts.models import Deputy, RoleHolding, User, standing_roles
from accounts.roles import Role


def role_holders() -> list[Actor]:
    """Everybody who holds a role, as a deputy too, as actors by login; one query."""
    held = RoleHolding.objects.filter(user=OuterRef("pk"), until=None).order_by()
    lent = Deputy.standing().filter(deputy=OuterRef("pk"))
    people = User.objects.filter(Exists(held) | Exists(lent), is_active=True).order_by("username")
    rows = people.annotate(
        held=ArraySubquery(held.values("role")),
        borrowed=ArraySubquery(lent.values(pair=JSONObject(role="role", of="principal_id"))),
    )
    return [_actor(user) for user in rows]


def _actor(user: Any) -> Actor:
    rows = [(role, None) for role in user.held] + [(one["role"], one["of"]) for one in user.borrowed]
    return holder(user, standing_roles(rows))


def present() -> dict[str, frozenset[Role]]:
    """Login → roles of everybody active, without what is lent: a rule must hold when deputies are gone."""
    roles: dict[str, set[Role]] = defaultdict(set)
    held = RoleHolding.objects.filter(until=None, user__is_active=True)
    for login, role in held.values_list("user__username", "role"):
        roles[login].add(Role(role))
    return {login: frozenset(held) for login, held in sorted(roles.items())}
