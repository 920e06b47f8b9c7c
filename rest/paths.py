"""Path converters: what a name in an address may hold before anybody looks it up."""

from __future__ import annotations

from django.urls import register_converter

from rest.strict import control_character


class PlainText:
    """Any name without control characters; NUL in an address would else reach the database."""

    regex = "[^/]{1,200}"

    def to_python(self, value: str) -> str:
        """The name; ValueError means that no address matches."""
        if control_character(value, lines=False):
            raise ValueError(value)
        return value

    def to_url(self, value: str) -> str:
        """The name as it is."""
        return value


class Id:
    """A row's id, of at most 18 digits, which every id column holds."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)

    def to_url(self, value: int) -> str:
        """The digits."""
        return str(value)


def register() -> None:
    """Make `<plain:name>` and `<id:pk>` known; called once, by the app's ready()."""
    register_converter(PlainText, "plain")
    register_converter(Id, "id")
