"""Names of people, hidden from the record and shown to readers (GDPR 17 beside 45 CFR 164.316).

A name in a sentence becomes `{person:<id>}`; a fact about a person (address, login at a source host, the
network address of a log-in) becomes `{kept:<id>}`, with its value in `KeptApart`. Erasing a person empties
both; the record itself is not touched.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings

from accounts.models import KeptApart, User

ERASED = "somebody who was erased"
GONE = "(erased)"
SECONDS = 5.0
_MARK = re.compile(r"\{(person|kept):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}")
_known: tuple[float, re.Pattern[str] | None, dict[str, str]] | None = None


def hide(text: str) -> str:
    """The sentence with logins, display names and addresses replaced by the ids behind them."""
    pattern, ids = _names()
    return pattern.sub(lambda found: ids[found.group().lower()], text) if pattern else text


def show(texts: Sequence[str]) -> list[str]:
    """The sentences as they were, but for what has been erased since; two queries at most."""
    people, kept = _wanted(texts, "person"), _wanted(texts, "kept")
    names = {f"person:{uid}": name for uid, name in _handles(people)} if people else {}
    if kept:
        rows = KeptApart.objects.filter(id__in=kept)
        names |= {f"kept:{uid}": value for uid, value in rows.values_list("id", "value")}
    words = {"person": ERASED, "kept": GONE}
    return [_MARK.sub(lambda m: names.get(f"{m[1]}:{m[2]}") or words[m[1]], text) for text in texts]


def apart(person: User, field: str, value: str) -> str:
    """Keep a fact about a person apart; returns what the record says instead ("" stays "")."""
    if not value:
        return ""
    return f"{{kept:{KeptApart.objects.create(person=person, field=field, value=value[:400]).pk}}}"


def forget_names() -> None:
    """Read the names again at the next sentence: somebody was added, renamed or erased."""
    global _known
    _known = None


def _handles(ids: set[UUID]) -> list[tuple[UUID, str]]:
    rows = User.objects.filter(public_id__in=ids, erased_at=None)
    return list(rows.values_list("public_id", "username"))


def _wanted(texts: Sequence[str], kind: str) -> set[UUID]:
    return {UUID(found[2]) for text in texts for found in _MARK.finditer(text) if found[1] == kind}


def _names() -> tuple[re.Pattern[str] | None, dict[str, str]]:
    """Every name with its mark, read again after some seconds; always, in a test's own database."""
    global _known
    moment = time.monotonic()
    if _known is None or moment - _known[0] > SECONDS or settings.PORTAL_MODE == "test":
        ids: dict[str, str] = {}
        rows = User.objects.filter(erased_at=None).values_list(
            "public_id", "username", "display_name", "email"
        )
        for uid, *names in rows:
            ids |= {name.lower(): f"{{person:{uid}}}" for name in names if len(name) > 1}
        words = "|".join(re.escape(name) for name in sorted(ids, key=len, reverse=True))
        pattern = re.compile(rf"(?<![\w{{:./-])(?:{words})(?![\w-]|[.@]\w)", re.IGNORECASE) if words else None
        _known = moment, pattern, ids
    return _known[1:]
