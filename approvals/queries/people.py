"""Who is there to sign: everybody with a role, as deputies too. Read by policy checks and `standing`."""

from __future__ import annotations

from collections import defaultdict

from accounts.actors import Actor
from accounts.models import Deputy, RoleHolding, User
from accounts.roles import Role


def role_holders() -> list[Actor]:
    """Everybody who holds a role, as a deputy too, as actors by login; two queries."""
    asking = RoleHolding.objects.filter(until=None, user__is_active=True).select_related("user")
    roles: dict[int, set[Role]] = defaultdict(set)
    users: dict[int, User] = {}
    for holding in asking:
        users[holding.user_id] = holding.user
        roles[holding.user_id].add(Role(holding.role))
    for lent in Deputy.standing().filter(deputy__is_active=True).select_related("deputy"):
        users[lent.deputy_id] = lent.deputy
        roles[lent.deputy_id].add(Role(lent.role))
    return [
        Actor(user.actor_id, "person", user.handle, frozenset(roles[pk]), user=user)
        for pk, user in sorted(users.items(), key=lambda item: item[1].username)
    ]


def present() -> dict[str, frozenset[Role]]:
    """Login → roles of everybody active, without what is lent: a rule must hold when deputies are gone."""
    roles: dict[str, set[Role]] = defaultdict(set)
    held = RoleHolding.objects.filter(until=None, user__is_active=True)
    for login, role in held.values_list("user__username", "role"):
        roles[login].add(Role(role))
    return {login: frozenset(held) for login, held in sorted(roles.items())}
