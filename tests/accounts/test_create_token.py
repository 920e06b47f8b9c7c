"""Making and revoking API tokens: who may, which scopes, what the database refuses."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.actors import Actor, from_token
from accounts.errors import ScopeNotForServices, UnknownScope
from accounts.models import ApiToken
from accounts.services.tokens import create_token, revoke_token
from events import clock
from events.errors import Invalid, NotAllowed
from events.models import Event
from tests.cast import Cast, actor, token_of


def make(by: str, *scopes: str, service: bool = False, **more: Any) -> ApiToken:
    maker = actor(by)
    owner = None if service else maker.user
    return create_token(name="ci", scopes=scopes, actor=maker, owner=owner, **more)[0]


def test_the_secret_is_shown_once_and_kept_nowhere(cast: Cast) -> None:
    token, text = create_token(name="ci", scopes=["read"], actor=actor("rita"), owner=cast.rita)
    secret = text.split("_", 2)[2]
    assert text.startswith(f"hmhp_{token.prefix}_")
    kept = repr(ApiToken.objects.filter(pk=token.pk).values().get())
    kept += repr(list(Event.objects.filter(kind="token.created").values()))
    assert secret not in kept
    assert token.digest not in repr(list(Event.objects.values()))


@pytest.mark.parametrize("scope", ["sign", "deploy"])
def test_a_service_token_never_carries_sign_or_deploy(cast: Cast, scope: str) -> None:
    with pytest.raises(ScopeNotForServices, match=f"never carries {scope}"):
        make("adam", "read", scope, service=True)
    with pytest.raises(IntegrityError, match="service_token_never"), transaction.atomic():
        ApiToken.objects.create(
            name="x", prefix="0" * 8, digest="0" * 64, scopes=[scope], created_by="x",
            created_at=clock.now(), expires_at=clock.now(),
        )  # fmt: skip


def test_an_unknown_scope_is_refused_with_the_known_ones(cast: Cast) -> None:
    with pytest.raises(UnknownScope, match="no scope admin; the scopes are read, release, stage") as refusal:
        make("rita", "read", "admin")
    assert refusal.value.fields == {"scopes": ["unknown: admin"]}
    with pytest.raises(UnknownScope, match="at least one"):
        make("rita")
    with pytest.raises(IntegrityError, match="token_scopes_known"), transaction.atomic():
        ApiToken.objects.filter(pk=make("rita", "read").pk).update(scopes=["admin"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": 0},
        {"days": 367},
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"environments": ["A b"]},
    ],
)
def test_bad_input_is_refused_and_makes_no_token(cast: Cast, wrong: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"name": "ci", "scopes": ["read"], "actor": actor("rita"), "owner": cast.rita}
    with pytest.raises(Invalid):
        create_token(**arguments | wrong)
    assert not ApiToken.objects.exists()


def test_nobody_makes_a_token_that_acts_for_somebody_else(cast: Cast) -> None:
    with pytest.raises(NotAllowed, match="Only @rita"):
        create_token(name="x", scopes=["sign"], actor=actor("adam"), owner=cast.rita)


def test_only_an_administrator_makes_service_tokens(cast: Cast) -> None:
    assert make("adam", "release", service=True).owner is None
    with pytest.raises(NotAllowed, match="Administrator"):
        make("devon", "read", service=True)


def test_somebody_without_a_role_makes_no_token(cast: Cast) -> None:
    with pytest.raises(NotAllowed, match="anybody with a role"):
        make("otto", "read")


def test_a_token_cannot_make_tokens(cast: Cast) -> None:
    token, _ = token_of("adam", "read", "release", "stage", "deploy", "sign")
    by_token: Actor = from_token(token)
    with pytest.raises(NotAllowed, match="cannot make tokens"):
        create_token(name="x", scopes=["read"], actor=by_token, owner=cast.adam)


def test_own_tokens_and_those_of_others_are_revoked_by_who_may(cast: Cast) -> None:
    token = make("rita", "read")
    with pytest.raises(NotAllowed):
        revoke_token(token, actor("devon"))
    revoke_token(token, actor("rita"), reason="lost laptop")
    revoke_token(token, actor("adam"))
    assert Event.objects.filter(kind="token.revoked").get().reason == "lost laptop"


def test_the_command_prints_the_token_alone_on_its_output(cast: Cast) -> None:
    out = io.StringIO()
    call_command("create_token", "CI", scopes="read, release", stdout=out, stderr=io.StringIO())
    token = ApiToken.objects.get()
    assert out.getvalue().startswith(f"hmhp_{token.prefix}_")
    assert (token.owner, token.scopes, token.created_by) == (None, ["read", "release"], "system:command line")
    call_command("create_token", "r", scopes="sign", person="rita", stdout=out, stderr=io.StringIO())
    assert ApiToken.objects.filter(owner=cast.rita, scopes=["sign"]).exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scopes": "sign"}, "service token never"),
        ({"scopes": "root"}, "no scope root"),
        ({"person": "nobody"}, "Nobody here"),
        ({"days": 0}, "1 to 366"),
    ],
)
def test_the_command_refuses_with_one_sentence(cast: Cast, options: dict[str, Any], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("create_token", "CI", **options)
