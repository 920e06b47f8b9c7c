"""Releases to read: one by its version, many by filter. Always the same number of queries."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.models import User
from approvals.models import SignOff
from approvals.queries import newest_number, parts
from releases.errors import ReleaseNotFound
from releases.models import Author, Release
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
    return _one(releases(), version)


def get_to_show(version: str) -> Release:
    """The same with all that its facts and the API show, and without what they do not: contents of runs.

    Raises ReleaseNotFound.
    """
    joined = ("staging_run", "production_run", "follows")
    bulky = [f"{name}__{field}" for name in joined for field in ("content", "plan")]
    rows = Release.objects.select_related("gate", *joined).defer(
        "first_request", "follows__first_request", *bulky
    )
    authors = Prefetch("authors", Author.objects.select_related("user"))
    rows = rows.prefetch_related(*parts("gate__"), authors).annotate(policy_in_force=newest_number())
    return _one(rows, version)


def _one(rows: QuerySet[Release], version: str) -> Release:
    found = rows.filter(version=version).first() if version.isprintable() else None
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
        rows = rows.filter(_of_person(person))
    if text := _clean(filters.get("text", "")):
        rows = rows.filter(
            Q(version__icontains=text)
            | Q(title__icontains=text)
            | Q(notes__icontains=text)
            | Q(commit__istartswith=text)
        )
    return rows.order_by(*SORTS.get(filters.get("sort", ""), SORTS["newest"]))


def _of_person(handle: str) -> Q:
    """Looked up release by release, newest first: a list shows few of all that somebody ever wrote."""
    users = list(User.objects.filter(username__iexact=handle).values_list("pk", flat=True))
    wrote = Author.objects.filter(Q(user__in=users) | Q(login__iexact=handle), release=OuterRef("pk"))
    answered = SignOff.objects.filter(gate=OuterRef("gate"), person__in=users)
    return Q(Exists(wrote)) | Q(Exists(answered))


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()[:200]
