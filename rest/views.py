"""The base of every endpoint: who acts, and each write done once per Idempotency-Key.

A view translates: input by a strict serializer, one service call, output. It declares
`policy_actions`, the action of the policy table that each of its methods needs.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import MethodNotAllowed, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actors import Actor, of_request
from events.errors import Invalid
from rest.once import key_of, once
from rest.parsers import LengthWanted, StrictJSONParser
from rest.schema import IF_MATCH, QUERY, read_by

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Endpoint(APIView):
    """One address of the API."""

    policy_actions: ClassVar[dict[str, Any]] = {}
    parser_classes = (StrictJSONParser,)
    http_method_names: ClassVar[list[str]] = ["get", "post", "put", "patch", "delete", "head"]  # type: ignore[misc]
    kept_together: ClassVar[bool] = True
    """False where the act must be committed before its answer is kept: it starts work at once."""

    @property
    def actor(self) -> Actor:
        """Who asks, with the roles held now."""
        return of_request(self.request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a method that is not here before asking who may use it; then what could be misread."""
        if str(request.method) not in self.allowed_methods:
            raise MethodNotAllowed(str(request.method))
        super().initial(request, *args, **kwargs)
        self._refuse_unread(request)
        if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "") and not request.META.get(
            "CONTENT_LENGTH"
        ):
            raise LengthWanted
        coding = request.headers.get("Content-Encoding", "").strip().lower()
        if coding not in ("", "identity"):
            raise UnsupportedMediaType(
                coding, f"Send the body as it is; Content-Encoding {coding[:40]} is not taken."
            )

    def _refuse_unread(self, request: Request) -> None:
        """What the method would not keep to is refused: `?dry_run=true` must not be a wet run."""
        verb = "get" if request.method == "HEAD" else str(request.method).lower()
        read = read_by(getattr(type(self), verb))
        if request.query_params and QUERY not in read:
            raise Invalid(
                "This call takes no query parameters.",
                fields={name[:80]: ["No query parameter is taken here."] for name in request.query_params},
            )
        header = IF_MATCH.name
        if request.method not in SAFE and request.headers.get(header, "").strip() and header not in read:
            raise Invalid(
                "This call does not compare revisions, so it takes no If-Match.",
                fields={header: ["Not taken here; leave it away."]},
            )

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As DRF's; a write under an Idempotency-Key is done once."""
        if request.method not in SAFE and "Idempotency-Key" in request.headers:
            self._do_once(str(request.method).lower())
        return super().dispatch(request, *args, **kwargs)

    def _do_once(self, verb: str) -> None:
        """Put `once` around this instance's method; an instance serves one request."""
        act = getattr(self, verb, None)
        if act is None:
            return

        def act_once(request: Request, **named: Any) -> Response:
            key = key_of(request)
            return once(
                self.actor.id, key, request, lambda: act(request, **named), together=self.kept_together
            )

        setattr(self, verb, act_once)
