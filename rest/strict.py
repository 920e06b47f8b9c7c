"""Strict input: what a serializer takes is exactly what it declares, and nothing is guessed.

Comes in: parsed JSON or a query string. Goes out: validated values, or a DRF ValidationError that
names each field by the path the caller used. The serializers of every room derive from `Strict`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty
from rest_framework.request import Request

from events.errors import Invalid
from events.words import says_something

FIRST_YEAR, LAST_YEAR = 2000, 2199
"""A moment outside is a slip of the pen; inside, no sum of durations leaves what a date can hold."""

LINE_ENDS = "\n\r\t"


def control_character(text: str, *, lines: bool) -> str | None:
    """The first character that text must not hold, as U+XXXX, or None.

    Refused are control characters (also halves of surrogate pairs, which no database stores) and the
    marks that reorder text and so let a sentence read as another. With `lines`, line ends and tabs pass.
    """
    for character in text:
        if lines and character in LINE_ENDS:
            continue
        if (
            unicodedata.category(character) in ("Cc", "Cs")
            or character in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
        ):
            return f"U+{ord(character):04X}"
    return None


class Text(serializers.CharField):
    """Text as a JSON string: no number turned into one, no control characters."""

    default_error_messages = {
        "shape": "A JSON string is wanted here.",
        "control": "The character {character} is a control character and not accepted here.",
    }

    def __init__(self, *, lines: bool = False, **options: Any) -> None:
        """`lines`: the text may have several lines."""
        self.lines = lines
        options.setdefault("trim_whitespace", not lines)
        super().__init__(**options)

    def run_validation(self, data: Any = empty) -> Any:
        """Judge type and characters before DRF turns numbers into text and trims line ends away."""
        if data is not empty and data is not None:
            if not isinstance(data, str):
                self.fail("shape")
            if found := control_character(data, lines=self.lines):
                self.fail("control", character=found)
            if data and not self.allow_blank and not says_something(data):
                self.fail("blank")
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        """The text, with line ends made `\\n`."""
        text: str = super().to_internal_value(data)
        return text.replace("\r\n", "\n").replace("\r", "\n")


class Flag(serializers.BooleanField):
    """`true` or `false`, and neither "yes" nor 1."""

    default_error_messages = {"shape": "true or false is wanted here."}

    def to_internal_value(self, data: Any) -> bool:
        """The flag."""
        if not isinstance(data, bool):
            self.fail("shape")
        return bool(data)


class Moment(serializers.DateTimeField):
    """A moment in ISO 8601 with its offset; goes out in UTC."""

    default_error_messages = {
        "shape": "A moment is wanted here, as text in ISO 8601 with Z or an offset: 2026-11-24T21:00:00Z.",
        "far": f"The year must lie between {FIRST_YEAR} and {LAST_YEAR}.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        """The moment, aware; a local time without its offset is refused rather than guessed."""
        if not isinstance(value, str):
            self.fail("shape")
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail("shape")
        if moment.tzinfo is None:
            self.fail("shape")
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            self.fail("far")
        return moment


class TextMap(serializers.DictField):
    """Names to texts, as configuration and secret versions are."""

    child = Text(lines=True, allow_blank=True, trim_whitespace=False, max_length=10_000)

    def to_internal_value(self, data: Any) -> Any:
        """The mapping; its names are judged like one-line texts."""
        if isinstance(data, Mapping):
            for name in data:
                if not name or len(name) > 200 or control_character(name, lines=False):
                    raise ValidationError(
                        {name[:40]: ["This name is empty, too long or holds a control character."]}
                    )
        return super().to_internal_value(data)


class Strict(serializers.Serializer[Any]):
    """A serializer that refuses names it does not know, each by its name."""

    default_error_messages = {"invalid": "A JSON object is wanted here, not {datatype}."}

    def to_internal_value(self, data: Any) -> Any:
        """The validated values; unknown names and wrong values are told together."""
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        known = [name for name, field in self.fields.items() if not field.read_only]
        sentence = (
            f"There is no such field here; known are {', '.join(known)}."
            if known
            else "No field is taken here."
        )
        wrong: dict[str, Any] = {str(name)[:80]: [sentence] for name in data if name not in known}
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            if isinstance(error.detail, dict):
                raise ValidationError(wrong | dict(error.detail)) from error
            raise
        if wrong:
            raise ValidationError(wrong)
        return values


class Nothing(Strict):
    """The body of a verb that takes no input: `{}` or none at all."""


def body_of(request: Request, shape: type[Strict], *, partial: bool = False) -> dict[str, Any]:
    """The request's body as `shape` declares it; raises ValidationError naming what is wrong."""
    serializer = shape(data=request.data, partial=partial)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def query_of(request: Request, shape: type[Strict]) -> dict[str, Any]:
    """The query string as `shape` declares it; a name given twice or unknown is refused."""
    twice = [name for name, values in request.query_params.lists() if len(values) > 1]
    if twice:
        raise Invalid("A query parameter is given twice.", fields={name: ["Give it once."] for name in twice})
    serializer = shape(data=request.query_params.dict())
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
