"""Releases to read: one by its version, many by filter. Always the same number of queries."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Q, QuerySet

from releases.errors import ReleaseNotFound
from releases.models import Release
from releases.states import Kind, ReleaseState

JOINED = ("gate", "base_run", "staging_run", "production_run", "follows")
SORTS = {
    "newest": ("-created_at", "-id"),
    "oldest": ("created_at", "id"),
    "changed": ("-changed_at", "-id"),
    "version": ("version", "id"),
    "window": ("window_start", "id"),
}


def releases() -> QuerySet[Release]:
    """All releases with what pages and the API show of them."""
    return Release.objects.select_related(*JOINED).prefetch_related("authors__user")


def get(version: str) -> Release:
    """The release of that version; raises ReleaseNotFound."""
    found = releases().filter(version=version).first() if version.isprintable() else None
    if found is None:
        raise ReleaseNotFound(f"There is no release {version[:100]!r}.")
    return found


def listed_by(filters: Mapping[str, str]) -> QuerySet[Release]:
    """Releases by state, kind, component, person (login or @login) and text; `sort` is one of SORTS.

    A person's releases are those that they wrote or answered; text is looked for in version, title
    and notes, and at the beginning of the commit.
    Unknown values match nothing that is not there; nothing here raises.
    """
    rows = Release.objects.all()  # no joins: a run's content is large, and a list shows none of it
    state, kind = filters.get("state", ""), filters.get("kind", "")
    if state in ReleaseState.values:
        rows = rows.filter(state=state)
    if kind in Kind.values:
        rows = rows.filter(kind=kind)
    if component := _clean(filters.get("component", "")):
        rows = rows.filter(brings__contains=[component])
    if person := _clean(filters.get("person", "")).removeprefix("@"):
        rows = rows.filter(pk__in=_of_person(person))
    if text := _clean(filters.get("text", "")):
        rows = rows.filter(
            Q(version__icontains=text)
            | Q(title__icontains=text)
            | Q(notes__icontains=text)
            | Q(commit__istartswith=text)
        )
    return rows.order_by(*SORTS.get(filters.get("sort", ""), SORTS["newest"]))


def _of_person(handle: str) -> QuerySet[Release, int]:
    by = Q(authors__user__username__iexact=handle) | Q(authors__login__iexact=handle)
    return Release.objects.filter(by | Q(gate__signoffs__person__username__iexact=handle)).values_list(
        "pk", flat=True
    )


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()[:200]
