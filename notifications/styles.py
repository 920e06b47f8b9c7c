"""Styles of mails: `mail.css` written into style attributes, because many mail programs read no more."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

SHEET = Path(__file__).parent / "static" / "notifications" / "mail.css"
_RULE = re.compile(r"^\.([a-z0-9]+) \{ (.+) \}$", re.MULTILINE)
_CLASSES = re.compile(r'class="([a-z0-9 ]+)"')


@cache
def _rules() -> dict[str, str]:
    """Class → declarations, of the rules outside @media."""
    return dict(_RULE.findall(SHEET.read_text().partition("\n@media")[0]))


@cache
def extras() -> str:
    """The @media rules, for the style element: dark mode and small screens."""
    _, media, rest = SHEET.read_text().partition("\n@media")
    return media.strip() + rest


def inlined(html: str) -> str:
    """Our own markup with a style attribute beside each class attribute."""

    def style(found: re.Match[str]) -> str:
        rules = [_rules()[name].replace('"', "&quot;") for name in found[1].split() if name in _rules()]
        return f'{found[0]} style="{" ".join(rules)}"' if rules else found[0]

    return _CLASSES.sub(style, html)


def without_styles(html: str) -> str:
    """The same markup with classes alone, for the outbox, whose policy allows no inline style."""
    bare = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    return re.sub(r' style="[^"]*"| bgcolor="[^"]*"', "", bare)
