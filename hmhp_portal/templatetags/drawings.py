"""Small drawings of the design language: icon, badge, tag, version, handle, seal, rail, meter.

In: plain values. Out: escaped SVG or HTML. Called by templates (`{% load drawings %}`). Widths are
SVG attributes, never styles, so that the Content-Security-Policy stays without `unsafe-*`.
"""

from __future__ import annotations

import math
import re

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from hmhp_portal.templatetags.words import look

register = template.Library()

STAGES = ("Prepare", "Staging", "Sign-off", "Production", "Monitoring", "Done")
STAGE_OF = {
    "draft": 0,
    "rejected": 2,
    "cancelled": 0,
    "staging": 1,
    "validating": 1,
    "review": 2,
    "approved": 2,
    "deploying": 3,
    "monitoring": 4,
    "completed": 5,
    "superseded": 4,
    "rolled_back": 3,
}


@register.simple_tag
def icon(name: str, classes: str = "", label: str = "") -> SafeString:
    """One symbol of the sprite; hidden from screen readers unless it is given a label."""
    css = f"i {classes}".strip()
    spin = mark_safe(" data-spin") if name == "run" else ""
    if label:
        return format_html(
            '<svg class="{}"{} role="img" aria-label="{}"><use href="#i-{}"/></svg>', css, spin, label, name
        )
    return format_html('<svg class="{}"{} aria-hidden="true"><use href="#i-{}"/></svg>', css, spin, name)


@register.simple_tag
def badge(family: str, state: str, text: str = "", plain: bool = False) -> SafeString:
    """A state as tone, icon and word; `plain` drops the fill, for healthy states in long lists."""
    shown = look(family, state)
    return badge_of(shown.tone, shown.icon, text or shown.word, plain)


@register.simple_tag
def badge_of(tone: str, icon_name: str, text: object, plain: bool = False) -> SafeString:
    """A badge of free words, for counts such as "1 blocker"."""
    return format_html(
        '<span class="badge" data-tone="{}"{}>{}{}</span>',
        tone,
        mark_safe(" data-plain") if plain else "",
        icon(icon_name),
        text,
    )


@register.simple_tag
def kind_tag(kind: str) -> SafeString:
    """The kind of a release: grey icon and word, no tone."""
    shown = look("kind", kind)
    return format_html('<span class="tag">{}{}</span>', icon(shown.icon), shown.word)


@register.simple_tag
def ver(version: object) -> SafeString:
    """A version, never broken over two lines; a very long one may."""
    return format_html('<span class="ver">{}</span>', version)


@register.simple_tag
def who(handle: object) -> SafeString:
    """A person by handle, with the @ drawn before it."""
    return format_html('<span class="who">{}</span>', handle)


@register.filter
def word_of(state: str, family: str) -> str:
    """The word that people read for a state: `{{ release.state|word_of:"release" }}`."""
    return look(family, state).word


@register.filter
def tone_of(state: str, family: str) -> str:
    """The tone of a state, for `data-tone` on a row or card."""
    return look(family, state).tone


@register.filter
def icon_of(state: str, family: str) -> str:
    """The icon of a state."""
    return look(family, state).icon


@register.filter
def grouped(digest: str) -> str:
    """64 hex digits in groups of eight, to be read aloud and compared."""
    return " ".join(digest[at : at + 8] for at in range(0, len(digest), 8))


@register.filter
def fingerprint(digest: str) -> str:
    """The first eight and last four hex digits, as drawn seals always carry them."""
    plain = digest.removeprefix("sha256:")
    return f"{plain[:4]} {plain[4:8]} … {plain[-4:]}" if len(plain) > 12 else plain


@register.simple_tag
def seal(digest: str, size: str = "", old: bool = False) -> SafeString:
    """A SHA-256 as 32 rays: of each byte the high nibble points outward, the low one inward.

    `size` is "" (88 px), "m" (56) or "s" (36). Anything but 64 hex digits draws nothing: a seal
    that is not there must not look like one.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", digest or ""):
        return SafeString("")
    outer, inner = _rays(bytes.fromhex(digest))
    return format_html(
        '<svg class="seal" viewBox="0 0 100 100"{}{} role="img" aria-label="Seal {} {}">'
        '<path d="{}"/><path class="inner" d="{}"/></svg>',
        format_html(' data-size="{}"', size) if size else "",
        mark_safe(" data-old") if old else "",
        digest[:4],
        digest[4:8],
        outer,
        inner,
    )


def _rays(content: bytes) -> tuple[str, str]:
    outer = inner = ""
    for at, byte in enumerate(content):
        angle = 2 * math.pi * at / 32 - math.pi / 2
        outer += _ray(angle, 23, 24 + (byte >> 4) * 1.55)
        inner += _ray(angle, 19.5, 19.5 - (byte & 15) * 0.8)
    return outer, inner


def _ray(angle: float, start: float, end: float) -> str:
    x, y = math.cos(angle), math.sin(angle)
    return f"M{50 + start * x:.1f} {50 + start * y:.1f}L{50 + end * x:.1f} {50 + end * y:.1f}"


@register.simple_tag
def rail(state: str, yours: bool = False, bad: bool = False) -> SafeString:
    """Six pips for the stage that a release is in, with the stage's name beside them."""
    at = STAGE_OF.get(str(state), 0)
    mark = "you" if yours else "bad" if bad or look("release", state).tone == "bad" else "now"
    if state in ("completed", "superseded", "cancelled"):
        mark = "done"
    pips = format_html_join(
        "",
        '<li data-s="{}"></li>',
        ((("done" if n < at else mark if n == at else "next"),) for n in range(6)),
    )
    name = look("release", state).word if mark in ("bad", "done") else STAGES[at]
    return format_html(
        '<div class="railtext"><div class="rail-box" role="img" aria-label="Stage {} of 6: {}">'
        '<ol class="rail" aria-hidden="true">{}</ol></div><span class="med">{}</span></div>',
        at + 1,
        name,
        pips,
        name,
    )


@register.simple_tag
def meter(
    percent: float | None, tone: str = "live", label: str = "", limit: float | None = None
) -> SafeString:
    """A value against its limit, both in percent of the drawn scale; no value draws an empty track."""
    fill = 0.0 if percent is None else max(0.0, min(100.0, float(percent)))
    tick = (
        format_html('<line class="limit" x1="{0}%" x2="{0}%" y1="-3" y2="11"/>', limit)
        if limit is not None
        else ""
    )
    return format_html(
        '<svg class="meter" data-tone="{}" role="img" aria-label="{}">'
        '<rect class="track" width="100%" height="8" rx="4"/>'
        '<rect class="fill" width="{}%" height="8" rx="4"/>{}</svg>',
        tone,
        label,
        f"{fill:.1f}",
        tick,
    )
