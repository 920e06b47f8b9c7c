"""Who is there to sign: everybody with a role, as deputies too. Read by policy checks and `standing`."""

from __future__ import annotations

from collections import defaultdict

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef

from accounts.actors import Actor
from accounts.models import Deputy, RoleHolding, User
from accounts.roles import Role


def role_holders() -> list[Actor]:
    """Everybody who holds a role, as a deputy too, as actors by login; one query."""
    held = RoleHolding.objects.filter(user=OuterRef("pk"), until=None).order_by()
    lent = Deputy.standing().filter(deputy=OuterRef("pk"))
    people = User.objects.filter(Exists(held) | Exists(lent), is_active=True).order_by("username")
    rows = people.annotate(held=ArraySubquery(held.values("role")), lent=ArraySubquery(lent.values("role")))
    return [
        Actor(user.actor_id, "person", user.handle, frozenset(map(Role, [*user.held, *user.lent])), user=user)
        for user in rows
    ]


def present() -> dict[str, frozenset[Role]]:
    """Login → roles of everybody active, without what is lent: a rule must hold when deputies are gone."""
    roles: dict[str, set[Role]] = defaultdict(set)
    held = RoleHolding.objects.filter(until=None, user__is_active=True)
    for login, role in held.values_list("user__username", "role"):
        roles[login].add(Role(role))
    return {login: frozenset(held) for login, held in sorted(roles.items())}
