"""What of a text people can see. Pure; asked by the API and by the rooms that keep what was written."""

from __future__ import annotations

import unicodedata


def says_something(text: str) -> bool:
    """True where at least one character can be seen; a reason of zero-width spaces is none."""
    return any(unicodedata.category(character)[0] not in "ZC" for character in text)
