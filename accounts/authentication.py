"""API tokens at the door: `Authorization: Bearer hmhp_<prefix>_<secret>`.

Named in the settings for the REST framework. Sets `request.user` to the token's owner or to a
`ServiceUser`, and `request.auth` to the token; `accounts.actors.of_request` makes the actor of it.
"""

from __future__ import annotations

import hmac
import re
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User, digest_of
from events import clock

TEXT_FORM = re.compile(r"hmhp_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
LAST_USE_STEP = timedelta(minutes=1)
BY_PREFIX = "SELECT * FROM accounts_api_token WHERE prefix = %s"
"""Written out: this is asked at every call, and building it is half of what a kept answer costs."""
_NO_DIGEST = "0" * 64


class ServiceUser(AnonymousUser):
    """Who a request is from when it carries a service token: logged in, but no person."""

    def __init__(self, token: ApiToken) -> None:
        self.username = token.name  # type: ignore[assignment]  # the base class has an empty one
        self.actor_id = token.actor_id

    @property
    def is_authenticated(self) -> bool:  # type: ignore[override]
        """True: the token was right."""
        return True

    @property
    def is_anonymous(self) -> bool:  # type: ignore[override]
        """False, by the same reason."""
        return False


class ApiTokenAuthentication(BaseAuthentication):
    """Answers 401 with the reason for a token that is malformed, unknown, expired or revoked."""

    keyword = "Bearer"

    def authenticate_header(self, request: Request) -> str:
        """What a 401 offers (RFC 6750)."""
        return f'{self.keyword} realm="api"'

    def authenticate(self, request: Request) -> tuple[User | ServiceUser, ApiToken] | None:
        """The owner and the token, or None when the request carries none."""
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("The Authorization header is “Bearer” and one token.")
        token = token_of(parts[1].decode("latin-1"))
        _note_use(token)
        return token.owner or ServiceUser(token), token


def token_of(text: str) -> ApiToken:
    """The valid token behind its text form; raises AuthenticationFailed with the reason.

    The digests are compared in constant time, and also when the prefix is unknown. Only a caller
    who knows the secret learns that a token has expired or was revoked.
    """
    form = TEXT_FORM.fullmatch(text)
    if form is None:
        raise AuthenticationFailed("This is not an API token of this portal.")
    prefix, secret = form.groups()
    token = next(iter(ApiToken.objects.raw(BY_PREFIX, [prefix])), None)
    known = token.digest if token else _NO_DIGEST
    if not hmac.compare_digest(known, digest_of(secret)) or token is None:
        raise AuthenticationFailed("This API token is not known.")
    if token.revoked_at is not None:
        raise AuthenticationFailed(f"The API token “{token.name}” was revoked; make a new one.")
    if token.expires_at <= clock.now():
        raise AuthenticationFailed(
            f"The API token “{token.name}” expired on {token.expires_at:%Y-%m-%d %H:%M} UTC; make a new one."
        )
    if token.owner is not None and not token.owner.is_active:
        raise AuthenticationFailed(f"The account of {token.owner.handle} is switched off.")
    return token


def _note_use(token: ApiToken) -> None:
    """Write the last use, at most once a minute, so that reading does not become writing."""
    now = clock.now()
    if token.last_used_at is not None and now - token.last_used_at < LAST_USE_STEP:
        return
    due = Q(last_used_at=None) | Q(last_used_at__lte=now - LAST_USE_STEP)
    ApiToken.objects.filter(due, pk=token.pk).update(last_used_at=now)
