"""Numbers and positions of drawings, shared by charts and traffic. Pure."""

from __future__ import annotations

from datetime import datetime

Point = tuple[datetime, float]


def short(value: float) -> str:
    """A number for an SVG attribute, without needless zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def across(at: datetime, start: datetime, end: datetime) -> float:
    """Where a moment lies between two, in percent, kept inside the drawing."""
    span = (end - start).total_seconds() or 1.0
    return max(0.0, min(100.0, 100 * (at - start).total_seconds() / span))


def down(value: float, top: float) -> float:
    """Where a value lies below the top, in percent; above the top it is drawn at the top."""
    return 100 * (1 - min(value, top) / (top or 1))
