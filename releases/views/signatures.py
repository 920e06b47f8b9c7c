"""What was signed on a release, word for word, and what changed between its seals, field by field.

In: a version. Out: releases/signatures.html. Every signature is checked again as it is shown.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.services.factors import WORDS
from approvals.models import SignedAct
from approvals.pages import PolicyPage
from approvals.services.signatures import is_intact
from events import canonical
from releases.models import Release, Revision
from releases.queries.changes import Difference, diff
from releases.views.reading import get_release

MOST = 60
"""Acts and seals on one page; a release with more has the rest in its dossier."""
LONGEST_VALUE = 200


@dataclass(frozen=True, slots=True)
class ShownAct:
    """One signed act, ready to be read."""

    act: SignedAct
    says: dict[str, Any]
    intact: bool
    factor: str


@dataclass(frozen=True, slots=True)
class Turn:
    """From one seal to the next: what differs."""

    before: Revision
    after: Revision
    rows: tuple[tuple[str, str, str], ...]


class Signatures(PolicyPage):
    """`/releases/<version>/signatures/`."""

    def get(self, request: HttpRequest, version: str) -> HttpResponse:
        """All of it, newest first."""
        release = get_release(version)
        acts = SignedAct.objects.filter(stream=release.stream).order_by("-at", "-pk")[:MOST]
        shown = [_shown(act) for act in acts]
        context = {
            "release": release,
            "headline": _headline(release, shown),
            "acts": shown,
            "turns": turns(release),
        }
        return render(request, "releases/signatures.html", context)


def _headline(release: Release, shown: list[ShownAct]) -> str:
    """How much was signed, and whether all of it holds."""
    if not shown:
        return f"Nothing is signed on {release.version} yet."
    broken = sum(not act.intact for act in shown)
    what = "One text is" if len(shown) == 1 else f"{len(shown)} texts are"
    if broken:
        holds = "no longer holds" if broken == 1 else "no longer hold"
        return f"{what} signed on {release.version}; {broken} of them {holds}."
    return f"{what} signed on {release.version}, and {'it holds' if len(shown) == 1 else 'all hold'}."


def _shown(act: SignedAct) -> ShownAct:
    says = canonical.loads(act.text)
    factor = str(says.get("factors", {}).get("factor", ""))
    return ShownAct(act, says, is_intact(act), WORDS.get(factor, ""))


def turns(release: Release) -> list[Turn]:
    """Every change of the seal, newest first."""
    found: list[Turn] = []
    last: Revision | None = None
    for revision in release.revisions.exclude(seal="").order_by("number"):
        if last is not None and last.seal != revision.seal:
            rows = tuple(_row(one) for one in diff(last, revision) if one.path != "seal")
            found.append(Turn(last, revision, rows))
        last = revision
    return found[::-1][:MOST]


def _row(one: Difference) -> tuple[str, str, str]:
    return one.path, _told(one.before), _told(one.after)


def _told(value: Any) -> str:
    if value is None:
        return "not there"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
