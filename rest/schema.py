"""How endpoints describe themselves for OpenAPI: one line a method, with a complete example each.

`operation` wraps drf-spectacular's `extend_schema` and adds what every operation has: problem
details for the refusals it can give, entity tags, Idempotency-Key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from rest.strict import Nothing, Strict

Method = TypeVar("Method", bound=Callable[..., Any])

PROBLEM = "application/problem+json"
QUERY = "query"
"""The query string, as `reading` names it; headers go by their names."""

REFUSALS: dict[int, tuple[str, str, str]] = {
    400: ("invalid", "The input is not valid; `fields` names what.", "One field is not valid."),
    401: (
        "not-authenticated",
        "No token or session, or one that is not valid.",
        "This API token is not known.",
    ),
    403: ("not-allowed", "The actor may not do this.", "otto may not submit for sign-off; a QA Lead can."),
    404: ("not-found", "There is no such thing.", "There is no release 2026.12.0."),
    406: ("not-acceptable", "Only JSON is given.", "Could not satisfy the request Accept header."),
    409: ("blocked", "Another state, another seal, or something is missing.", "Two things stand in the way."),
    411: ("length-required", "A body without Content-Length.", "Send the body with a Content-Length."),
    412: ("stale", "It changed since it was read.", "You read revision 3, it is at 4."),
    413: ("too-large", "The body is too large.", "The body is larger than this API takes."),
    415: ("unsupported-media-type", "Only JSON is taken.", "Send application/json."),
    422: ("idempotency-key-reused", "The Idempotency-Key belongs to another call.", "Use a new key."),
    429: (
        "too-many-codes",
        "Too many wrong one-time codes.",
        "Too many wrong codes for @quinn. Wait 5 minutes.",
    ),
    503: (
        "unavailable",
        "The portal is busy; ask again.",
        "The database or Redis did not answer; ask again.",
    ),
}
"""Status → stable type, description, and the detail of its example."""

READS = (400, 401, 403, 406, 503)
WRITES = (400, 401, 403, 406, 409, 411, 413, 415, 422, 503)


class BlockerShape(Strict):
    """One thing that stands in the way, and who can supply it."""

    code = serializers.CharField(help_text="Stable name of the rule.")
    sentence = serializers.CharField(help_text="For people.")
    who = serializers.CharField(allow_blank=True, help_text="Who can supply what is missing.")


class ProblemShape(Strict):
    """Problem details (RFC 9457)."""

    type = serializers.CharField(help_text="Stable; leads to what it means and the way on.")
    title = serializers.CharField()
    status = serializers.IntegerField(min_value=400, max_value=599)
    detail = serializers.CharField(help_text="What is wrong, in a sentence for people.")
    instance = serializers.CharField(help_text="The address that was called.")
    blockers = BlockerShape(many=True, required=False, help_text="Every rule that stands in the way.")
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="What is wrong with the input, by the name that the caller used.",
    )


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="1 to 255 visible ASCII characters. A repeat under the same key returns the first answer.",
    examples=[OpenApiExample("Of a pipeline run", value="ci-84213-create")],
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag that was read; 412 where the release changed since.",
    examples=[OpenApiExample("As it was read", value='"3-17"')],
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag of what the caller has; 304 where nothing changed.",
    examples=[OpenApiExample("As it was read", value='"3-17"')],
)
ONE_TIME_CODE = OpenApiParameter(
    "Portal-One-Time-Code",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="A fresh code of the person's authenticator app, or a recovery code; each counts once. "
    "Needed by token; in a session a factor of the last five minutes does.",
    examples=[OpenApiExample("As the app shows it", value="492039")],
)
VERSION = OpenApiParameter(
    "version",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    description="The release's version, SemVer or CalVer.",
    examples=[OpenApiExample("A version", value="2026.11.0")],
)
ETAG = OpenApiParameter(
    "ETag",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    response=[200, 201],
    description="Names this state of it.",
)


def operation(
    tag: str,
    summary: str,
    *,
    description: str = "",
    takes: type[Strict] | None = None,
    gives: Any = None,
    status: int | Sequence[int] = 200,
    example: Any = None,
    answer: Any = None,
    refuses: Sequence[int] = (),
    parameters: Sequence[OpenApiParameter | type[Strict]] = (),
    name: str | None = None,
    writes: bool | None = None,
) -> Callable[[Method], Method]:
    """Describe one method: what it takes and gives, with one complete example of each.

    `refuses` adds statuses to those that every read or write can answer with.
    """
    write = takes is not None if writes is None else writes
    statuses = (status,) if isinstance(status, int) else tuple(status)
    responses: dict[Any, Any] = {code: _response(gives, code, answer) for code in statuses}
    for code in sorted({*(WRITES if write else READS), *refuses}):
        responses[(code, PROBLEM)] = _refusal(code)
    if any(parameter is IF_NONE_MATCH for parameter in parameters):
        responses[304] = OpenApiResponse(description="The caller has it already.")
    examples = [] if example is None else [OpenApiExample("Complete", value=example, request_only=True)]
    wrap: Callable[[Method], Method] = extend_schema(
        operation_id=name,
        tags=[tag],
        summary=summary,
        description=description or summary,
        request=None if takes is None or takes is Nothing else takes,
        responses=responses,
        parameters=[*parameters, *([IDEMPOTENCY_KEY] if write else [])],
        examples=examples,
    )
    read = [QUERY] if any(isinstance(parameter, type) for parameter in parameters) else []
    read += [IF_MATCH.name] if any(parameter is IF_MATCH for parameter in parameters) else []
    return lambda method: reading(*read)(wrap(method))


def reading(*what: str) -> Callable[[Method], Method]:
    """Mark a method with what it reads beside the body; `rest.views.Endpoint` refuses what is not read."""

    def mark(method: Method) -> Method:
        method.reads = frozenset(what)  # type: ignore[attr-defined]
        return method

    return mark


def read_by(method: object) -> frozenset[str]:
    """What the method reads beside the body: QUERY, If-Match."""
    found: frozenset[str] = getattr(method, "reads", frozenset())
    return found


def _response(gives: Any, code: int, answer: Any) -> OpenApiResponse:
    examples = [] if answer is None else [OpenApiExample("Complete", value=answer, response_only=True)]
    if gives is None:
        return OpenApiResponse(description="Done.")
    return OpenApiResponse(gives, description="As it is now." if code == 200 else "Made.", examples=examples)


def _refusal(code: int) -> OpenApiResponse:
    kind, description, detail = REFUSALS[code]
    value: Mapping[str, Any] = {
        "type": f"/api/v1/problems/{kind}/",
        "title": description.split(";")[0].rstrip("."),
        "status": code,
        "detail": detail,
        "instance": "/api/v1/releases/2026.11.0/",
    }
    return OpenApiResponse(
        ProblemShape,
        description=description,
        examples=[OpenApiExample("Refused", value=value, response_only=True)],
    )
