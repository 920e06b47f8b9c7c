"""The one error of the launcher: a sentence for people, printed as one line."""

from __future__ import annotations


class Problem(Exception):
    """Why the launcher stops; the text says what is wrong and what to do about it."""
