"""Every refusal as problem details (RFC 9457): one shape, a stable `type`, a sentence for people.

Comes in: whatever a view or DRF raised. Goes out: `application/problem+json`. DRF calls `handler`
for everything raised inside a view, `missing` answers addresses that are none, and `KINDS` is what
the docs page lists.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError
from django.http import Http404
from django_fsm import ConcurrentTransition, TransitionNotAllowed
from psycopg.errors import DiskFull
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from accounts.actors import NOBODY, of_request
from accounts.services.refusals import act_of, note
from events.away import AWAY
from events.errors import Blocker, PortalError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
ROOT = "/api/v1/problems/"
BODY = "(body)"

Fields = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal, ready to be written down."""

    status: int
    type: str
    title: str
    detail: str
    blockers: Sequence[Blocker] = ()
    fields: Fields = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, instance: str) -> dict[str, Any]:
        """The members of RFC 9457, and ours: `blockers` and `fields` where there are any."""
        body: dict[str, Any] = {
            "type": f"{ROOT}{self.type}/",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
        }
        if self.blockers:
            body["blockers"] = [{"code": b.code, "sentence": b.sentence, "who": b.who} for b in self.blockers]
        if self.fields:
            body["fields"] = self.fields
        return body

    def response(self, instance: str) -> Response:
        """The answer itself."""
        return Response(
            self.body(instance), status=self.status, content_type=MEDIA_TYPE, headers=dict(self.headers)
        )


FRAMEWORK: dict[type[exceptions.APIException], tuple[str, str]] = {
    exceptions.ParseError: ("malformed", "The body cannot be read"),
    exceptions.NotAuthenticated: ("not-signed-in", "Nobody is signed in"),
    exceptions.AuthenticationFailed: ("not-authenticated", "The token or session is not valid"),
    exceptions.PermissionDenied: ("not-allowed", "Not allowed"),
    exceptions.NotFound: ("not-found", "Not found"),
    exceptions.MethodNotAllowed: ("method-not-allowed", "This address does not take that method"),
    exceptions.NotAcceptable: ("not-acceptable", "Only JSON is given here"),
    exceptions.UnsupportedMediaType: ("unsupported-media-type", "Only JSON is taken here"),
    exceptions.Throttled: ("too-many-requests", "Too many requests"),
}
"""What DRF raises by itself: our stable type and title for it."""

SIGN_IN = (
    "Send “Authorization: Bearer” and an API token, or the cookie of a session. "
    "Tokens are made on the page API tokens."
)


def handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler: the problem that `exc` means, never a bare 500 page."""
    set_rollback()
    request = context.get("request")
    instance = getattr(request, "path", "") or ""
    problem = problem_of(exc)
    if request is not None:
        _record(request, problem)
    return problem.response(instance)


SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NO_REFUSAL = frozenset({404, 429, 500, 503})
"""Answers that are no refusal of an act: not there, too many, broken, away."""


def _record(request: Any, problem: Problem) -> None:
    """A refused act goes on the record; so does an act tried by a method that only reads."""
    if problem.status in NO_REFUSAL or (request.method in SAFE and problem.status != 405):
        return
    try:
        actor = of_request(request).id
    except exceptions.APIException:  # the token itself was refused
        actor = NOBODY.id
    facts = {"fields": sorted(problem.fields)[:20]} if problem.fields else {}
    if problem.blockers:
        facts["blockers"] = [blocker.code for blocker in problem.blockers][:30]
    note(actor, act_of(request), problem.type, problem.status, problem.detail, facts)


def problem_of(exc: Exception) -> Problem:
    """The problem that an exception means; an unforeseen one is logged under a reference."""
    if isinstance(exc, PortalError):
        wait = {"Retry-After": str(exc.retry_after)} if exc.retry_after is not None else {}
        return Problem(exc.status, exc.type, exc.title, exc.detail, exc.blockers, exc.fields, wait)
    if isinstance(exc, exceptions.ValidationError):
        return _invalid(exc)
    if isinstance(exc, exceptions.APIException):
        return _of_framework(exc)
    return _of_others(exc)


def _invalid(exc: exceptions.ValidationError) -> Problem:
    fields: Fields = {}
    for path, sentence in _flattened(exc.detail, ""):
        fields.setdefault(path or BODY, []).append(sentence)
    several = f"{len(fields)} fields are not valid" if len(fields) > 1 else "One field is not valid"
    told = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in list(fields.items())[:8])
    return Problem(400, "invalid", "The input is not valid", f"{several}. {told}", fields=fields)


def _flattened(detail: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _flattened(inner, _joined(path, name))
    elif isinstance(detail, (list, tuple)):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, (Mapping, list, tuple))
            yield from _flattened(inner, _joined(path, index) if nested else path)
    else:
        yield path, str(detail)


def _joined(path: str, name: Any) -> str:
    if name == "non_field_errors":
        return path
    return f"{path}.{name}" if path else str(name)


def _of_framework(exc: exceptions.APIException) -> Problem:
    kind, title = FRAMEWORK.get(type(exc), (str(exc.default_code).replace("_", "-"), ""))
    detail = str(exc.detail) if not isinstance(exc.detail, (list, dict)) else title
    if kind == "not-allowed" and "CSRF" in detail:
        kind, title = "csrf", "This session did not come with its CSRF token"
    if kind == "not-signed-in":
        detail = SIGN_IN
    headers: dict[str, str] = {}
    if auth := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    return Problem(exc.status_code, kind, title or detail.rstrip("."), detail, headers=headers)


def _of_others(exc: Exception) -> Problem:
    if isinstance(exc, Http404):
        return Problem(404, "not-found", "Not found", "There is nothing at this address.")
    if isinstance(exc, DjangoPermissionDenied):
        return Problem(403, "not-allowed", "Not allowed", "You may not do this.")
    if isinstance(exc, RequestDataTooBig):
        return Problem(413, "too-large", "The body is too large", "The body is larger than this API takes.")
    if isinstance(exc, SuspiciousOperation):
        return Problem(400, "malformed", "The request cannot be read", "The request is not well formed.")
    if isinstance(exc, (TransitionNotAllowed, ConcurrentTransition)):
        return _logged(
            exc, 409, "wrong-state", "Not possible in this state", "It changed meanwhile; read it again."
        )
    if isinstance(exc, IntegrityError):
        return _logged(
            exc, 409, "conflict", "In conflict with what is there", "Somebody was faster; read it again."
        )
    if isinstance(exc, DataError):
        return _logged(exc, 400, "invalid", "The input is not valid", "A value does not fit into its field.")
    if isinstance(exc.__cause__, DiskFull):
        detail = "The database's disk has no room: nothing was changed, and nothing can be until there is."
        return _logged(exc, 503, "unavailable", "The portal's disk is full", detail)
    if isinstance(exc, AWAY):
        return _logged(
            exc, 503, "unavailable", "The portal is busy", "The database or Redis did not answer; ask again."
        )
    return _logged(exc, 500, "unforeseen", "Something unforeseen happened", "Nothing was changed.")


def _logged(exc: Exception, status: int, kind: str, title: str, detail: str) -> Problem:
    """A problem that nobody foresaw: its trace goes to the log under a reference that the caller gets."""
    reference = secrets.token_hex(4)
    log.error("problem %s answered %s to %s", reference, status, type(exc).__name__, exc_info=exc)
    headers = {"Retry-After": "2"} if status == 503 else {}
    return Problem(
        status, kind, title, f"{detail} Reference for whoever runs the portal: {reference}.", headers=headers
    )
