"""Drawings of measures: the chart of both colours against a limit, and the sparkline.

In: plain numbers and moments that a page took from the database; nothing here invents a value, and
a gap in the samples stays a gap. Out: SVG. Called by templates (`{% load charts %}`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from hmhp_portal.templatetags.scales import Point, across, down, short

register = template.Library()

MARK_WIDTH = 14.0
"""Percent of the chart that the words of one mark take."""
TICKS = (0.0, 1 / 3, 2 / 3, 1.0)


class Metric(Protocol):
    """One measure of both colours against its limit."""

    label: str
    unit: str
    decimals: int
    top: float
    limit: float
    limit_words: str
    start: datetime
    end: datetime
    gap_seconds: float
    blue: Sequence[Point]
    green: Sequence[Point]
    marks: Sequence[tuple[datetime, str]]


@register.simple_tag
def metric_chart(metric: Metric) -> SafeString:
    """Both colours against a dashed limit, the region beyond it tinted; text keeps its size."""
    limit_at = short(down(metric.limit, metric.top))
    return format_html(
        '<svg class="chart" role="img" aria-label="{}">{}{}<rect class="band" width="100%" height="{}%"/>'
        '<line class="limit" x1="0" x2="100%" y1="{}%" y2="{}%"/>'
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%" overflow="visible">'
        "{}{}</svg>"
        '{}{}<text class="limit-t" x="0" y="{}%" dy="-5">{}</text>{}</svg>',
        metric.label,
        _grid(),
        format_html_join(
            "",
            '<line class="mark" x1="{0}%" x2="{0}%" y1="0" y2="100%"/>',
            ((short(across(at, metric.start, metric.end)),) for at, _ in metric.marks),
        ),
        limit_at,
        limit_at,
        limit_at,
        _lines(metric.blue, "lb", metric),
        _lines(metric.green, "lg", metric),
        _dot(metric.blue, "dotb", 4, metric),
        _dot(metric.green, "dotg", 5, metric),
        limit_at,
        metric.limit_words,
        _words(metric),
    )


@register.simple_tag
def sparkline(values: Sequence[float]) -> SafeString:
    """A short line without scale, beside the number that it belongs to; needs two values."""
    if len(values) < 2:
        return SafeString("")
    low, high = min(values), max(values)
    span = (high - low) or 1
    points = " ".join(
        f"{100 * at / (len(values) - 1):.1f},{18 - 16 * (value - low) / span:.1f}"
        for at, value in enumerate(values)
    )
    return format_html(
        '<svg class="spark" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">'
        '<polyline points="{}"/></svg>',
        points,
    )


def _grid() -> SafeString:
    return format_html_join(
        "",
        '<line class="{}" x1="0" x2="100%" y1="{}%" y2="{}%"/>',
        (
            ("axis" if tick == 0 else "grid", short(100 * (1 - tick)), short(100 * (1 - tick)))
            for tick in TICKS
        ),
    )


def _lines(points: Sequence[Point], css: str, metric: Metric) -> SafeString:
    """One polyline per unbroken run of samples, so that silence is not drawn as a straight line."""
    runs: list[list[str]] = []
    last: datetime | None = None
    for moment, value in points:
        if last is None or (moment - last).total_seconds() > metric.gap_seconds:
            runs.append([])
        runs[-1].append(f"{across(moment, metric.start, metric.end):.2f},{down(value, metric.top):.2f}")
        last = moment
    return format_html_join("", '<polyline class="{}" points="{}"/>', ((css, " ".join(run)) for run in runs))


def _dot(points: Sequence[Point], css: str, radius: int, metric: Metric) -> SafeString:
    if not points:
        return SafeString("")
    at, value = points[-1]
    return format_html(
        '<circle class="{}" cx="{}%" cy="{}%" r="{}"/>',
        css,
        short(across(at, metric.start, metric.end)),
        short(down(value, metric.top)),
        radius,
    )


def _words(metric: Metric) -> SafeString:
    values = format_html_join(
        "",
        '<text x="100%" y="{}%" dx="8" dy="4">{}</text>',
        (
            (short(100 * (1 - tick)), f"{metric.top * tick:.{metric.decimals}f} {metric.unit}")
            for tick in TICKS
            if abs(metric.top * tick - metric.limit) > metric.top / 20
        ),
    )
    marks = format_html_join(
        "",
        '<text class="mark-t" x="{}%" dx="{}" y="100%" dy="-5"{}>{}</text>',
        (
            (short(x), -4 if x > 88 else 4, mark_safe(' text-anchor="end"') if x > 88 else "", words)
            for x, words in _apart(
                [(across(at, metric.start, metric.end), words) for at, words in metric.marks]
            )
        ),
    )
    return values + marks


def _apart(marks: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Only marks whose words do not run into each other; the lines are all drawn."""
    kept: list[tuple[float, str]] = []
    for x, words in marks:
        if not kept or x - kept[-1][0] >= MARK_WIDTH:
            kept.append((x, words))
    return kept
