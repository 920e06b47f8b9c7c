"""Entity tags (RFC 9110 §8.8.3, §13.1): answer 304 to who has it already, 412 to who saw an older one.

A release's tag is `"<revision>-<position of its stream>-<digest of the answer>"`: the revision is what
updates must not overwrite, the others make the tag new whenever anything that is told of the release changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from events.errors import Invalid

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"')


def tags_in(header: str) -> list[str]:
    """The opaque tags in an If-Match or If-None-Match header; raises ValueError where it is none."""
    parts = [part.strip() for part in header.split(",")]
    matches = [_TAG.fullmatch(part) for part in parts]
    if not all(matches):
        raise ValueError(header)
    return [match.group(1) for match in matches if match]


def if_match(request: Request) -> str | None:
    """If-Match as services read it: tags cut to their revision; None where there is no such header.

    Raises Invalid for a header that holds no entity tag.
    """
    header = str(request.headers.get("If-Match", "")).strip()
    if header in ("", "*"):
        return None
    try:
        return ", ".join(f'"{tag.split("-")[0]}"' for tag in tags_in(header))
    except ValueError:
        raise Invalid(
            "If-Match must hold the ETag that reading the release gave.",
            fields={"If-Match": ["Send the ETag as it came, with its quotes."]},
        ) from None


def tag_of(value: Any, *, without: frozenset[str] = frozenset()) -> str:
    """A weak tag over a JSON value; names in `without` (ages, moments of reading) do not count."""
    return f'W/"{digest_of(_pruned(value, without))[:32]}"'


def digest_of(value: Any) -> str:
    """SHA-256 of a JSON value, in hexadecimal; moments and other plain values count as their text."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _pruned(value: Any, without: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _pruned(item, without) for name, item in value.items() if name not in without}
    if isinstance(value, (list, tuple)):
        return [_pruned(item, without) for item in value]
    return value


def answer(request: Request, body: Any, tag: str, *, headers: dict[str, str] | None = None) -> Response:
    """The body with its tag, or 304 without body where If-None-Match names the tag (weakly)."""
    extra = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"} | (
        headers or {}
    )
    wanted = str(request.headers.get("If-None-Match", "")).strip()
    if wanted and _known(wanted, tag):
        return Response(status=304, headers=extra)
    return Response(body, headers=extra)


def _known(header: str, tag: str) -> bool:
    if header == "*":
        return True
    try:
        return tag.removeprefix("W/").strip('"') in tags_in(header)
    except ValueError:
        return False
