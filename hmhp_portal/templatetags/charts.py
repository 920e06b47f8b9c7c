"""Drawings of traffic and measures: water line, tide chart, metric chart, sparkline, login picture.

In: plain numbers and moments that a page took from the database; nothing here invents a value, and
a gap in the samples stays a gap. Out: SVG. Called by templates (`{% load charts %}`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

Point = tuple[datetime, float]
TICKS = (0.0, 1 / 3, 2 / 3, 1.0)


class Tide(Protocol):
    """Green's share of one region over time: what was, and what the plan says comes next."""

    region: str
    start: datetime
    end: datetime
    now: datetime
    past: Sequence[Point]
    plan: Sequence[Point]
    label: str


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
def tbar(region: str, green: float | None, new: str = "", old: str = "", size: str = "") -> SafeString:
    """The water line: green comes in from the left, hatched; blue is the rest.

    A share that is not known draws no water at all. Words stand inside from 12 % of width.
    """
    if green is None:
        return format_html('<span class="muted small">{}: share of traffic not known</span>', region)
    share = max(0.0, min(100.0, float(green)))
    label = f"{region}: {share:.0f} percent of traffic on green {new}, {100 - share:.0f} percent on blue {old}"
    edge = (
        format_html('<line class="edge" x1="{0}%" x2="{0}%" y1="0" y2="100%"/>', _n(share))
        if 0 < share < 100
        else SafeString("")
    )
    return format_html(
        '<svg class="tbar"{} role="img" aria-label="{}"><rect class="b" width="100%" height="100%"/>'
        '<rect class="g" width="{}%" height="100%"/><rect class="h" width="{}%" height="100%"/>{}{}</svg>',
        mark_safe(' data-size="l"') if size == "l" else "",
        label.replace("  ", " ").strip(),
        _n(share),
        _n(share),
        edge,
        _bar_words(share) if size == "l" else "",
    )


def _bar_words(share: float) -> SafeString:
    words = SafeString("")
    if share >= 12:
        words += format_html('<text class="on-g" x="10" y="20">{} % green</text>', _n(share))
    if share <= 88:
        words += format_html(
            '<text class="on-b" x="100%" dx="-10" y="20" text-anchor="end">{} % blue</text>', _n(100 - share)
        )
    return words


@register.simple_tag
def slot_key(colour: str) -> SafeString:
    """The little square of a legend; green is hatched as everywhere."""
    hatch = '<rect class="h" width="12" height="12"/>' if colour == "green" else ""
    css = "g" if colour == "green" else "b"
    return format_html(
        '<svg aria-hidden="true" viewBox="0 0 12 12"><rect class="{}" width="12" height="12"/>{}</svg>',
        css,
        mark_safe(hatch),
    )


@register.simple_tag
def tide_chart(tide: Tide) -> SafeString:
    """Green's share over time: past filled, plan dashed, "now" a line."""
    grid = format_html_join(
        "", '<line class="grid" x1="0" x2="100%" y1="{0}%" y2="{0}%"/>', ((v,) for v in (100, 50, 0))
    )
    at_now = _n(_x(tide.now, tide.start, tide.end))
    past = SafeString("")
    if tide.past:
        line = _stairs(tide.past, tide.now, tide.start, tide.end)
        first = _n(_x(tide.past[0][0], tide.start, tide.end))
        past = format_html(
            '<path class="past" d="{0}V100H{1}Z"/><path class="line" vector-effect="non-scaling-stroke" d="{0}"/>',
            line,
            first,
        )
    plan = (
        format_html(
            '<path class="plan" vector-effect="non-scaling-stroke" d="{}"/>',
            _stairs(tide.plan, tide.end, tide.start, tide.end),
        )
        if tide.plan
        else SafeString("")
    )
    words = mark_safe('<text x="100%" y="0" dy="-5" text-anchor="end">100 % planned</text>') if tide.plan else ""
    return format_html(
        '<svg class="tide" role="img" aria-label="{}">{}<svg viewBox="0 0 100 100" preserveAspectRatio="none" '
        'width="100%" height="100%" overflow="visible">{}{}</svg>{}'
        '<line class="now" x1="{}%" x2="{}%" y1="-4" y2="100%"/></svg>',
        tide.label,
        grid,
        past,
        plan,
        words,
        at_now,
        at_now,
    )


@register.simple_tag
def metric_chart(metric: Metric) -> SafeString:
    """Both colours against a dashed limit, the region beyond it tinted; text keeps its size."""
    limit_at = _n(_y(metric.limit, metric.top))
    return format_html(
        '<svg class="chart" role="img" aria-label="{}">{}{}<rect class="band" width="100%" height="{}%"/>'
        '<line class="limit" x1="0" x2="100%" y1="{}%" y2="{}%"/>'
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%" overflow="visible">{}{}</svg>'
        '{}{}<text class="limit-t" x="0" y="{}%" dy="-5">{}</text>{}</svg>',
        metric.label,
        _grid(),
        format_html_join(
            "",
            '<line class="mark" x1="{0}%" x2="{0}%" y1="0" y2="100%"/>',
            ((_n(_x(at, metric.start, metric.end)),) for at, _ in metric.marks),
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
        f"{100 * at / (len(values) - 1):.1f},{18 - 16 * (value - low) / span:.1f}" for at, value in enumerate(values)
    )
    return format_html(
        '<svg class="spark" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">'
        '<polyline points="{}"/></svg>',
        points,
    )


@register.simple_tag
def water_art() -> SafeString:
    """The picture beside the login: the tide between two colours. Decoration, no data."""
    lines = []
    for row in range(21):
        css = "wb" if row < 10 else "w0" if row == 10 else "wg"
        lift = abs(10 - row) * 2.1
        points = " L".join(
            f"{x} {95 + row * 29 + lift * math.sin(x / 90 + row * 0.42) + lift * 0.35 * math.sin(x / 37 - row * 0.3):.1f}"
            for x in range(-20, 661, 20)
        )
        lines.append((css, points))
    return format_html(
        '<svg class="art" viewBox="0 0 640 900" preserveAspectRatio="xMidYMid slice">{}</svg>',
        format_html_join("", '<path class="{}" d="M{}"/>', lines),
    )


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _x(at: datetime, start: datetime, end: datetime) -> float:
    span = (end - start).total_seconds() or 1.0
    return max(0.0, min(100.0, 100 * (at - start).total_seconds() / span))


def _y(value: float, top: float) -> float:
    return 100 * (1 - min(value, top) / (top or 1))


def _stairs(points: Sequence[Point], until: datetime, start: datetime, end: datetime) -> str:
    path = ""
    for at, (moment, percent) in enumerate(points):
        x = _n(_x(moment, start, end))
        path += f"M{x} {_n(100 - percent)}" if at == 0 else f"H{x}V{_n(100 - percent)}"
    return f"{path}H{_n(_x(until, start, end))}"


def _grid() -> SafeString:
    return format_html_join(
        "",
        '<line class="{}" x1="0" x2="100%" y1="{}%" y2="{}%"/>',
        (("axis" if tick == 0 else "grid", _n(100 * (1 - tick)), _n(100 * (1 - tick))) for tick in TICKS),
    )


def _lines(points: Sequence[Point], css: str, metric: Metric) -> SafeString:
    """One polyline per unbroken run of samples, so that silence is not drawn as a straight line."""
    runs: list[list[str]] = []
    last: datetime | None = None
    for moment, value in points:
        if last is None or (moment - last).total_seconds() > metric.gap_seconds:
            runs.append([])
        runs[-1].append(f"{_x(moment, metric.start, metric.end):.2f},{_y(value, metric.top):.2f}")
        last = moment
    return format_html_join("", '<polyline class="{}" points="{}"/>', ((css, " ".join(run)) for run in runs))


def _dot(points: Sequence[Point], css: str, radius: int, metric: Metric) -> SafeString:
    if not points:
        return SafeString("")
    at, value = points[-1]
    return format_html(
        '<circle class="{}" cx="{}%" cy="{}%" r="{}"/>',
        css,
        _n(_x(at, metric.start, metric.end)),
        _n(_y(value, metric.top)),
        radius,
    )


def _words(metric: Metric) -> SafeString:
    values = format_html_join(
        "",
        '<text x="100%" y="{}%" dx="8" dy="4">{}</text>',
        (
            (_n(100 * (1 - tick)), f"{metric.top * tick:.{metric.decimals}f} {metric.unit}")
            for tick in TICKS
            if abs(metric.top * tick - metric.limit) > metric.top / 20
        ),
    )
    marks = format_html_join(
        "",
        '<text class="mark-t" x="{}%" dx="{}" y="100%" dy="-5"{}>{}</text>',
        (
            (_n(x), -4 if x > 88 else 4, mark_safe(' text-anchor="end"') if x > 88 else "", words)
            for x, words in ((_x(at, metric.start, metric.end), words) for at, words in metric.marks)
        ),
    )
    return values + marks
