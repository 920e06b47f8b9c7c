"""Drawings of traffic: water line, legend, tide chart, and the tide as a picture beside the login.

In: plain numbers and moments that a page took from the database; a share that is not known is not
drawn. Out: SVG. Called by templates (`{% load traffic %}`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from hmhp_portal.templatetags.scales import Point, across, short

register = template.Library()


class Tide(Protocol):
    """Green's share of one region over time: what was, and what the plan says comes next."""

    region: str
    start: datetime
    end: datetime
    now: datetime
    past: Sequence[Point]
    plan: Sequence[Point]
    label: str


@register.simple_tag
def tbar(
    region: str, green: float | None, new: str = "", old: str = "", size: str = "", ident: str = ""
) -> SafeString:
    """The water line: green comes in from the left, hatched; blue is the rest.

    A share that is not known draws no water at all. Words stand inside from 12 % of width. With an
    `ident` the line rises like water when the panel is swapped, instead of jumping.
    """
    if green is None:
        return format_html('<span class="muted small">{}: share of traffic not known</span>', region)
    share = max(0.0, min(100.0, float(green)))
    label = (
        f"{region}: {share:.0f} percent of traffic on green {new}, {100 - share:.0f} percent on blue {old}"
    )
    edge = (
        format_html('<line class="edge" x1="{0}%" x2="{0}%" y1="0" y2="100%"/>', short(share))
        if 0 < share < 100
        else SafeString("")
    )
    return format_html(
        '<svg class="tbar"{} role="img" aria-label="{}"><rect class="b" width="100%" height="100%"/>'
        '<rect class="g" width="{}%" height="100%"{}/>'
        '<rect class="h" width="{}%" height="100%"{}/>{}{}</svg>',
        mark_safe(' data-size="l"') if size == "l" else "",
        label.replace("  ", " ").strip(),
        short(share),
        _ident(ident, "g"),
        short(share),
        _ident(ident, "h"),
        edge,
        _bar_words(share) if size == "l" else "",
    )


def _ident(ident: str, part: str) -> SafeString:
    return format_html(' id="water-{}-{}"', ident, part) if ident else SafeString("")


def _bar_words(share: float) -> SafeString:
    words = SafeString("")
    if share >= 12:
        words += format_html('<text class="on-g" x="10" y="20">{} % green</text>', short(share))
    if share <= 88:
        words += format_html(
            '<text class="on-b" x="100%" dx="-10" y="20" text-anchor="end">{} % blue</text>',
            short(100 - share),
        )
    return words


@register.simple_tag
def slot_key(colour: str) -> SafeString:
    """The little square of a legend; green is hatched as everywhere."""
    hatch = mark_safe('<rect class="h" width="12" height="12"/>') if colour == "green" else ""
    css = "g" if colour == "green" else "b"
    return format_html(
        '<svg aria-hidden="true" viewBox="0 0 12 12"><rect class="{}" width="12" height="12"/>{}</svg>',
        css,
        hatch,
    )


@register.simple_tag
def tide_chart(tide: Tide) -> SafeString:
    """Green's share over time: past filled, plan dashed, "now" a line."""
    grid = format_html_join(
        "", '<line class="grid" x1="0" x2="100%" y1="{0}%" y2="{0}%"/>', ((v,) for v in (100, 50, 0))
    )
    at_now = short(across(tide.now, tide.start, tide.end))
    past = SafeString("")
    if tide.past:
        line = _stairs(tide.past, tide.now, tide.start, tide.end)
        first = short(across(tide.past[0][0], tide.start, tide.end))
        past = format_html(
            '<path class="past" d="{0}V100H{1}Z"/>'
            '<path class="line" vector-effect="non-scaling-stroke" d="{0}"/>',
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
    words = (
        mark_safe('<text x="100%" y="0" dy="-5" text-anchor="end">100 % planned</text>') if tide.plan else ""
    )
    return format_html(
        '<svg class="tide" role="img" aria-label="{}">{}'
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%" overflow="visible">'
        "{}{}</svg>{}"
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
def water_art() -> SafeString:
    """The picture beside the login: the tide between two colours. Decoration, no data."""
    lines = []
    for row in range(21):
        css = "wb" if row < 10 else "w0" if row == 10 else "wg"
        lift = abs(10 - row) * 2.1
        points = " L".join(f"{x} {95 + row * 29 + _wave(row, x, lift):.1f}" for x in range(-20, 661, 20))
        lines.append((css, points))
    return format_html(
        '<svg class="art" viewBox="0 0 640 900" preserveAspectRatio="xMidYMid slice">{}</svg>',
        format_html_join("", '<path class="{}" d="M{}"/>', lines),
    )


def _wave(row: int, x: int, lift: float) -> float:
    return lift * math.sin(x / 90 + row * 0.42) + lift * 0.35 * math.sin(x / 37 - row * 0.3)


def _stairs(points: Sequence[Point], until: datetime, start: datetime, end: datetime) -> str:
    path = ""
    for at, (moment, percent) in enumerate(points):
        x = short(across(moment, start, end))
        path += f"M{x} {short(100 - percent)}" if at == 0 else f"H{x}V{short(100 - percent)}"
    return f"{path}H{short(across(until, start, end))}"
