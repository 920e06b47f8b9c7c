"""JSON bodies: bounded, UTF-8, no name twice, no nesting that exhausts the interpreter.

Every wrong body is a ParseError (400) or TooLarge (413) before anything else looks at it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MAX_BYTES = 1_000_000
MAX_DEPTH = 32


class TooLarge(APIException):
    """The body is larger than any call of this API needs."""

    status_code = 413
    default_code = "too-large"
    default_detail = f"The body is larger than {MAX_BYTES:,} bytes, the most that this API takes."


class LengthWanted(APIException):
    """A body without Content-Length, which would be read as an empty one."""

    status_code = 411
    default_code = "length-required"
    default_detail = "Send the body with a Content-Length; chunked bodies are not taken."


class StrictJSONParser(BaseParser):
    """Parses `application/json`."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value in the body."""
        raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise TooLarge
        try:
            value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_constant)
        except UnicodeDecodeError as error:
            raise ParseError("The body is not UTF-8.") from error
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
        if _depth(value) > MAX_DEPTH:
            raise ParseError(f"The body is nested more than {MAX_DEPTH} levels deep.")
        _refuse_half_characters(value)
        return value


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"given twice in one object: {', '.join(twice)[:200]}")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _refuse_half_characters(value: Any) -> None:
    """Half of a surrogate pair can be written in JSON, and neither stored nor sent back."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ParseError("The body holds half of a surrogate pair, which is no character.") from error


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level:
        depth += 1
        level = [child for item in level for child in _children(item)]
    return depth


def _children(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []
