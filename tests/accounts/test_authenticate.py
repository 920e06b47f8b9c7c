"""API tokens at the door, through real requests to a small view."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts.actors import NOBODY, of_request
from accounts.authentication import ApiTokenAuthentication
from accounts.models import ApiToken
from accounts.roles import Role, Scope
from accounts.services.people import set_active
from accounts.services.roles import end_role
from accounts.services.tokens import revoke_token
from events import clock
from tests.cast import SETUP, Cast, actor, expired_token_of, token_of


class WhoAmI(APIView):
    authentication_classes = (ApiTokenAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        who = of_request(request)
        return Response(
            {"id": who.id, "kind": who.kind, "roles": sorted(who.roles), "scopes": sorted(who.scopes or [])}
        )


def ask(header: str | None) -> Response:
    request = APIRequestFactory().get("/", **({"HTTP_AUTHORIZATION": header} if header is not None else {}))
    answer = WhoAmI.as_view()(request)
    assert isinstance(answer, Response)
    return answer


def detail(header: str | None) -> str:
    answer = ask(header)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    return str(answer.data["detail"])


def test_a_personal_token_is_its_owner_narrowed_to_its_scopes(cast: Cast) -> None:
    _, text = token_of("rita", "read", "sign")
    answer: dict[str, Any] = ask(f"Bearer {text}").data
    assert answer == {
        "id": cast.rita.actor_id,
        "kind": "person",
        "roles": [Role.RELEASE_MANAGER],
        "scopes": [Scope.READ, Scope.SIGN],
    }


def test_a_service_token_is_a_service_without_roles(cast: Cast) -> None:
    token, text = token_of(None, "release")
    assert ask(f"bearer {text}").data == {
        "id": f"service:{token.public_id}", "kind": "service", "roles": [], "scopes": [Scope.RELEASE],
    }  # fmt: skip


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer a b",
        "Bearer hmhp_12",
        "Bearer hmhp_00000000_" + "A" * 43,
        "Bearer \xff",
        "Bearer " + "A" * 9000,
    ],
)
def test_a_token_that_is_none_of_ours_is_401(cast: Cast, header: str) -> None:
    assert "token" in detail(header)


def test_no_token_is_401_and_another_scheme_is_not_ours(cast: Cast) -> None:
    detail(None)
    detail("Basic cml0YTp4")


def test_the_right_prefix_with_another_secret_is_401(cast: Cast) -> None:
    _, text = token_of("rita", "read")
    assert detail(f"Bearer {text[:14]}{'A' * 43}") == "This API token is not known."


def test_an_expired_token_is_401_and_says_when(cast: Cast) -> None:
    assert "expired on" in detail(f"Bearer {expired_token_of('rita', 'read')}")


def test_a_token_expires_at_its_moment(cast: Cast) -> None:
    token, text = token_of("rita", "read")
    with clock.at(token.expires_at - timedelta(seconds=5)):
        assert ask(f"Bearer {text}").status_code == 200
    with clock.at(token.expires_at):
        detail(f"Bearer {text}")


def test_a_revoked_token_is_401_at_once(cast: Cast) -> None:
    token, text = token_of("rita", "read")
    assert ask(f"Bearer {text}").status_code == 200
    revoke_token(token, actor("rita"))
    assert "was revoked" in detail(f"Bearer {text}")


def test_the_token_of_a_switched_off_account_is_401_at_once(cast: Cast) -> None:
    _, text = token_of("rita", "read")
    set_active(cast.rita, active=False, actor=SETUP)
    assert "switched off" in detail(f"Bearer {text}")


def test_a_token_has_the_roles_that_its_owner_holds_now(cast: Cast) -> None:
    _, text = token_of("rita", "sign")
    end_role(cast.rita, Role.RELEASE_MANAGER, SETUP)
    assert ask(f"Bearer {text}").data["roles"] == []


def test_the_last_use_is_written_at_most_once_a_minute(cast: Cast) -> None:
    token, text = token_of("rita", "read")
    start = clock.now()
    seen = []
    for seconds in (1, 30, 62, 90):
        with clock.at(start + timedelta(seconds=seconds)):
            ask(f"Bearer {text}")
        seen.append(ApiToken.objects.get(pk=token.pk).last_used_at)
    assert seen[0] == seen[1]
    assert seen[2] == seen[3]
    assert seen[1] is not None
    assert seen[2] is not None
    assert seen[2] > seen[1]


def test_nobody_holds_no_role() -> None:
    from django.contrib.auth.models import AnonymousUser
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert of_request(request) is NOBODY
    assert not NOBODY.roles
    assert NOBODY.kind == "person"
