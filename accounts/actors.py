"""Who acts: a person in a session, a person's or a service's token, or the portal itself.

Every service takes an `Actor`. It is made at the edge (page, API, task) and never stored: events
keep its opaque `id` alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from accounts.roles import Role, Scope
from events import clock

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

    from accounts.models import ApiToken, User

ActorKind = Literal["person", "service", "system"]


CODE_HEADER = "Portal-One-Time-Code"
"""The header in which a call by token brings a one-time code."""

FACTORS = ("totp", "webauthn", "recovery_codes")
"""Kinds of second factors, as the login library names them and signatures keep them."""


@dataclass(slots=True)
class Proof:
    """The second factor behind a request, judged by `accounts.services.factors.demand_fresh`.

    Given in the session (`method`, `at`, and which authenticator it was), or a one-time `code` that
    came with the request and has not been looked at yet.
    """

    method: str = ""
    at: datetime | None = None
    authenticator: int | None = None
    code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks for something.

    `roles` are held at this moment; those in `lent` only for somebody else (ids of people). `scopes`
    is None for a session (no narrowing) and a set for a token. `environments` narrows a token to
    those (empty = all). `user` is None for services and the system.
    """

    id: str
    kind: ActorKind
    label: str
    roles: frozenset[Role] = frozenset()
    scopes: frozenset[Scope] | None = None
    environments: frozenset[str] = frozenset()
    user: User | None = None
    proof: Proof | None = field(default=None, compare=False, repr=False)
    lent: Mapping[Role, tuple[int, ...]] = field(default_factory=dict, compare=False)

    @property
    def is_person(self) -> bool:
        """True for a human being, whether by session or by a token of their own."""
        return self.kind == "person"


def person(user: User, proof: Proof | None = None) -> Actor:
    """The actor of a signed-in person, with the roles that they hold now."""
    return holder(user, user.standing_roles(), proof)


def holder(user: User, held: Mapping[Role, tuple[int, ...]], proof: Proof | None = None) -> Actor:
    """The same with roles that have been read already, each with the ids of those for whom it is held."""
    return Actor(
        id=user.actor_id,
        kind="person",
        label=user.handle,
        roles=frozenset(held),
        user=user,
        proof=proof,
        lent={role: principals for role, principals in held.items() if principals},
    )


def from_token(token: ApiToken, proof: Proof | None = None) -> Actor:
    """The actor behind a valid API token: its owner narrowed by scopes, or a service."""
    scopes = frozenset(Scope(s) for s in token.scopes)
    environments = frozenset(token.environments)
    owner = token.owner
    if owner is None:
        return Actor(f"service:{token.public_id}", "service", token.name, frozenset(), scopes, environments)
    return replace(person(owner, proof), scopes=scopes, environments=environments)


def system(name: str) -> Actor:
    """The portal acting by itself, for example `system("engine")`."""
    return Actor(id=f"system:{name}", kind="system", label=f"the {name}")


NOBODY = Actor(id="nobody", kind="person", label="Somebody who is not logged in")
"""Holds no role, so that every rule refuses with a sentence."""


def of_request(request: HttpRequest | Request) -> Actor:
    """The actor of a page's or an API's request: by token, by session, or `NOBODY`.

    Roles are read now, so that a role or an account that was lost counts at once.
    """
    from accounts.models import ApiToken, User

    token = getattr(request, "auth", None)
    if isinstance(token, ApiToken):
        return from_token(token, _proof_of(request))
    user = request.user
    return person(user, _proof_of(request)) if isinstance(user, User) and user.is_active else NOBODY


def _proof_of(request: HttpRequest | Request) -> Proof | None:
    """One proof for a request, however often its actor is asked for: a code counts once."""
    plain: Any = getattr(request, "_request", request)
    if not hasattr(plain, "portal_proof"):
        code = plain.headers.get(CODE_HEADER, "").strip()
        by_token = getattr(request, "auth", None) is not None
        plain.portal_proof = Proof(code=code) if code or by_token else _of_session(plain)
    proof: Proof | None = plain.portal_proof
    return proof


def _of_session(request: HttpRequest) -> Proof | None:
    """The last second factor that this session was given; the login library keeps them server-side."""
    given = [r for r in request.session.get("account_authentication_methods", ()) if r["method"] == "mfa"]
    if not given:
        return None
    last = given[-1]
    return Proof(last["type"], clock.now() - timedelta(seconds=time.time() - last["at"]), last["id"])
