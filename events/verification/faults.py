"""What a check can find: the first row that does not stand as it was written."""

from __future__ import annotations


class Fault(Exception):
    """The first bad row, in a sentence that names it."""
