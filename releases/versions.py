"""Which texts are versions: SemVer 2.0.0, or CalVer (calver.org) with a modifier and build like SemVer's.

Pure; used by services and by the page of a new release.
"""

from __future__ import annotations

import re

MAX_LENGTH = 64

_NUMBER = r"(?:0|[1-9]\d{0,8})"
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_TAIL = rf"(?:-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?"

SEMVER = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}{_TAIL}", re.ASCII)
_MODIFIER = r"(?:\.?(?:dev|alpha|beta|rc|post|a|b)\d{0,4})?"
CALVER = re.compile(
    rf"(?:[12]\d{{3}}|\d{{2}})[.-]\d{{1,2}}(?:[.-]\d{{1,9}}){{0,2}}{_MODIFIER}{_TAIL}", re.ASCII
)

RULE = (
    "A version is SemVer (4.12.0, 4.12.0-rc.1) or CalVer (2026.11.0, 26.04), "
    f"at most {MAX_LENGTH} characters."
)


def is_version(text: str) -> bool:
    """True for SemVer or CalVer of a length that fits an address."""
    if len(text) > MAX_LENGTH:
        return False
    return bool(SEMVER.fullmatch(text) or CALVER.fullmatch(text))
