"""Reading people: names for actor ids, who holds a role, who a login belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import BigIntegerField, Prefetch, Q, QuerySet, Value

from accounts.actors import Actor, holder
from accounts.models import ApiToken, Deputy, RoleHolding, User, standing_roles
from accounts.roles import Role
from events import clock

PEOPLE = "people/"
"""How the streams of people begin; an opaque id follows."""


def labels(actor_ids: Iterable[str]) -> dict[str, str]:
    """Names for actor ids: logins, names of service tokens, "the engine". Two queries at most."""
    wanted = set(actor_ids)
    names = {actor: f"the {actor.removeprefix('system:')}" for actor in wanted if actor.startswith("system:")}
    people = User.objects.filter(public_id__in=_uuids(wanted, "person"))
    names |= {f"person:{uid}": name for uid, name in people.values_list("public_id", "username")}
    services = ApiToken.objects.filter(public_id__in=_uuids(wanted, "service"))
    names |= {f"service:{uid}": name for uid, name in services.values_list("public_id", "name")}
    return {actor: names.get(actor, actor) for actor in wanted}


def stream_names(streams: Iterable[str]) -> dict[str, str]:
    """Streams as people read them: `people/<id>` with the person's present name, others as they are.

    Who was erased is called so: their login is `erased-…` from then on. One query at most.
    """
    wanted = set(streams)
    ids = [f"person:{stream.removeprefix(PEOPLE)}" for stream in wanted if stream.startswith(PEOPLE)]
    names = {
        person.stream: person.username for person in User.objects.filter(public_id__in=_uuids(ids, "person"))
    }
    return {stream: f"{PEOPLE}{names[stream]}" if stream in names else stream for stream in wanted}


def stream_called(text: str) -> str:
    """The stream that a person means: `people/rita` is the one of rita; anything else stays as it is."""
    login = text.removeprefix(PEOPLE).removeprefix("@")
    if not text.startswith(PEOPLE) or not login:
        return text
    person = User.objects.filter(username__iexact=login).first()
    return person.stream if person is not None else text


def _uuids(actor_ids: Iterable[str], kind: str) -> list[UUID]:
    found = []
    for actor in actor_ids:
        prefix, _, rest = actor.partition(":")
        if prefix == kind:
            try:
                found.append(UUID(rest))
            except ValueError:
                continue
    return found


def holders(role: Role) -> list[User]:
    """Active people who hold `role` now, by login."""
    held = RoleHolding.objects.filter(role=role, until=None)
    return list(User.objects.filter(is_active=True, pk__in=held.values("user_id")))


def actors(people: Iterable[int]) -> dict[int, Actor]:
    """Those of these people whose accounts are active, with the roles held now; two queries for all."""
    found = User.objects.filter(pk__in=set(people), is_active=True).in_bulk()
    own = RoleHolding.objects.filter(user__in=found, until=None).order_by()
    held = own.values_list("user", "role", Value(None, BigIntegerField()))
    lent = Deputy.standing().filter(deputy__in=found).values_list("deputy", "role", "principal_id")
    roles: dict[int, list[tuple[str, int | None]]] = {key: [] for key in found}
    for key, role, principal in held.union(lent):
        roles[key].append((role, principal))
    return {key: holder(user, standing_roles(roles[key])) for key, user in found.items()}


def standing_deputies() -> list[Deputy]:
    """Everybody who stands in for somebody, now and to come; the soonest first."""
    asked = Deputy.objects.filter(ended_at=None, until__gt=clock.now())
    return list(asked.select_related("principal", "deputy").order_by("since", "pk"))


def deputies_of(person: User) -> list[Deputy]:
    """Who stands in for this person and for whom they stand in, now and to come; the soonest first."""
    asked = Deputy.objects.filter(Q(principal=person) | Q(deputy=person), ended_at=None)
    rows = asked.filter(until__gt=clock.now()).select_related("principal", "deputy")
    return list(rows.order_by("since", "pk"))


def user_of(actor_id: str) -> User | None:
    """The person behind an actor id; None for services, the system and unknown ids."""
    found = _uuids([actor_id], "person")
    return User.objects.filter(public_id=found[0]).first() if found else None


def user_by_source_login(host: str, login: str) -> User | None:
    """The person who writes commits as `login` at `host`, whatever the case of both."""
    return User.objects.filter(source_logins__host=host.lower(), source_logins__login__iexact=login).first()


def user_by_name(name: str) -> User | None:
    """The person with this login or this e-mail address, whatever its case."""
    if not name or "\x00" in name:
        return None
    return User.objects.filter(Q(username__iexact=name) | Q(email__iexact=name)).first()


def people() -> QuerySet[User]:
    """Everybody by login, with the roles that they hold now (`open_holdings`) and source logins."""
    open_holdings = Prefetch(
        "holdings", RoleHolding.objects.filter(until=None).order_by("role"), to_attr="open_holdings"
    )
    return User.objects.order_by("username").prefetch_related(open_holdings, "source_logins")


def tokens_of(owner: User) -> list[ApiToken]:
    """A person's own tokens, newest first."""
    return list(ApiToken.objects.filter(owner=owner).select_related("owner"))


def service_tokens() -> list[ApiToken]:
    """Tokens of machines, newest first."""
    return list(ApiToken.objects.filter(owner=None))
