"""API tokens: one's own, and those of services for who may manage them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.errors import UnknownToken
from accounts.forms import ReasonForm, ServiceTokenForm, TokenForm
from accounts.models import ApiToken, User
from accounts.pages import Act, Page, answered
from accounts.queries import labels, service_tokens, tokens_of
from accounts.services.tokens import create_token, revoke_token
from events import clock
from events.errors import NotAllowed


class TokensPage(Page):
    """The tokens, and the form for a new one; the secret stands on the answer to it only."""

    verb = "OWN_TOKENS"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list and the empty forms."""
        return self._show(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make a token and show its text, once."""
        service = request.POST.get("for") == "service"
        form = ServiceTokenForm(request.POST, prefix="service") if service else TokenForm(request.POST)
        owner = None if service else self._person()
        made, error = answered(
            request, self.actor, form, lambda data: create_token(**data, actor=self.actor, owner=owner)
        )
        named = {"service_form" if service else "form": form}
        if made is None:
            return self._show(request, status=error.status if error else 400, error=error, **named)
        token, text = made
        return self._show(request, status=201, made=token, text=text)

    def _person(self) -> User:
        if self.actor.user is None:
            raise NotAllowed("Only a person has tokens of their own.")
        return self.actor.user

    def _show(self, request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
        own = tokens_of(self._person())
        services = service_tokens() if self.may("MANAGE_TOKENS") else []
        context = {
            "own": own,
            "services": services,
            "may_manage": self.may("MANAGE_TOKENS"),
            "sentence": _sentence(own),
            "names": labels(token.created_by for token in services),
            "now": clock.now(),
            "form": TokenForm(),
            "service_form": ServiceTokenForm(prefix="service"),
        }
        return render(request, "accounts/tokens.html", context | more, status=status)


def _sentence(own: list[ApiToken]) -> str:
    now = clock.now()
    valid = [token for token in own if token.revoked_at is None and token.expires_at > now]
    if not valid:
        return "No token acts for you"
    return f"{len(valid)} {'token acts' if len(valid) == 1 else 'tokens act'} for you"


class RevokeToken(Act):
    """End a token at once; GET asks first."""

    verb = "OWN_TOKENS"
    form_class = ReasonForm

    @property
    def token(self) -> ApiToken:
        """The token of the address, if the reader may know of it."""
        token = ApiToken.objects.select_related("owner").filter(public_id=self.kwargs["token"]).first()
        own = token is not None and self.actor.user is not None and token.owner_id == self.actor.user.pk
        if token is None or not (own or self.may("MANAGE_TOKENS")):
            raise UnknownToken("There is no such token of yours.")
        return token

    def back(self) -> str:
        """The list."""
        return reverse("accounts:tokens")

    def stands(self) -> str:
        """When it was used last."""
        used = self.token.last_used_at
        last = f"was last used on {used:%Y-%m-%d %H:%M} UTC" if used else "was never used"
        return f"The token “{self.token.name}” {last}."

    def question(self) -> dict[str, Any]:
        """What follows from it."""
        return {
            "title": f"Revoke the token “{self.token.name}”",
            "effects": ["Whatever uses it is refused from now on; this cannot be undone."],
            "label": "Revoke",
            "kind": "danger",
            "icon": "cross",
        }

    def perform(self, data: dict[str, Any]) -> str:
        """Revoke it."""
        token = revoke_token(self.token, self.actor, reason=data["reason"])
        return f"The token “{token.name}” is revoked."
