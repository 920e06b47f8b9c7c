"""A release and its parts written down as JSON; `releases.api.gives` describes the same shapes.

Comes in: rows. Goes out: plain values. A fixed number of queries for one release, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.queries import labels
from approvals.models import Decision, Gate, SignOff
from approvals.queries import standing, tightened
from releases.content import NO_MIGRATION
from releases.freezing import DAYS
from releases.models import Freeze, Lessons, ManualFact, Release
from releases.queries.calendar import weekly_of
from releases.queries.items import ItemStanding

Names = Mapping[str, str]


def row(release: Release, names: Names) -> dict[str, Any]:
    """A release in a list."""
    return {
        "version": release.version,
        "kind": release.kind,
        "title": release.title,
        "state": release.status.value,
        "commit": release.commit,
        "content_hash": release.content_hash,
        "seal": release.seal or None,
        "window": window(release),
        "emergency": release.emergency,
        "staging_run": release.staging_run_id,
        "production_run": release.production_run_id,
        "created_by": names.get(release.created_by, release.created_by),
        "created_at": release.created_at,
        "changed_at": release.changed_at,
        "revision": release.revision,
    }


def rows(releases: Sequence[Release]) -> list[dict[str, Any]]:
    """Releases in a list, with the names of who made them."""
    names = labels(release.created_by for release in releases)
    return [row(release, names) for release in releases]


def window(release: Release) -> dict[str, Any] | None:
    """The production window."""
    if release.window_start is None or release.window_end is None:
        return None
    return {"start": release.window_start, "end": release.window_end, "zone": release.window_zone}


def components(release: Release) -> dict[str, Any]:
    """The components of the content, without what only drivers read."""
    return {
        name: {
            "kind": entry["kind"],
            "edge": entry["edge"],
            "artifact": entry["artifact"],
            "version": entry.get("version", ""),
            "configuration": entry.get("configuration", {}),
            "migration": dict(entry.get("migration", NO_MIGRATION)),
            "secrets": entry.get("secrets", {}),
            "brought": name in release.brings,
        }
        for name, entry in release.content["components"].items()
    }


def authors(release: Release) -> list[dict[str, Any]]:
    """Who wrote it, and who that is here."""
    return [
        {
            "host": author.host,
            "login": author.login,
            "name": author.name,
            "person": author.user.handle if author.user else None,
            "declared": author.declared,
        }
        for author in release.authors.all()
    ]


def item(found: ItemStanding, names: Names) -> dict[str, Any]:
    """One line of a list with its newest result."""
    return {
        "name": found.item.name,
        "title": found.item.title,
        "about_artefacts": found.item.about_artefacts,
        "source": found.item.source,
        "state": found.state,
        "remark": found.remark,
        "link": found.link,
        "by": names.get(found.by, found.by) if found.by else None,
        "at": found.at,
        "content_hash": found.content_hash or None,
    }


def fact(given: ManualFact, names: Names) -> dict[str, Any]:
    """A fact by hand."""
    return {
        "name": given.name,
        "value": given.value,
        "remark": given.remark,
        "link": given.link,
        "by": names.get(given.by, given.by),
        "at": given.at,
    }


def signoff(given: SignOff) -> dict[str, Any]:
    """One person's answer."""
    return {
        "id": given.pk,
        "role": given.role,
        "answer": given.answer,
        "meaning": given.meaning,
        "remark": given.remark,
        "seal": given.seal,
        "by": given.person.handle,
        "at": given.at,
        "stands": given.stands,
        "stands_in_for": given.stands_in_for.handle if given.stands_in_for else None,
    }


def gate(asked: Gate, newest: int | None = None) -> dict[str, Any]:
    """The question to the roles, and who has answered what; `newest` as in `tightened`."""
    decision = asked.decisions.select_related("by").order_by("-at", "-pk").first()
    return {
        "state": asked.status.value,
        "seal": asked.seal,
        "round": asked.round,
        "opened_at": asked.opened_at,
        "closing_reason": asked.closing_reason,
        "policy_version": asked.policy_version,
        "expires_at": asked.expires_at,
        "owed": asked.owed,
        "tightened": tightened(asked, newest),
        "requirements": [
            {
                "role": row.role.value,
                "meaning": row.meaning,
                "needed": row.needed,
                "state": row.state,
                "signoffs": [signoff(given) for given in row.signoffs],
                "who_can": list(row.who_can),
            }
            for row in standing(asked)
        ],
        "decision": decided(decision) if decision else None,
    }


def decided(decision: Decision) -> dict[str, Any]:
    """What the Release Manager decided."""
    return {
        "answer": decision.answer,
        "reason": decision.reason,
        "seal": decision.seal,
        "by": decision.by.handle,
        "at": decision.at,
        "stands": decision.revoked_at is None,
    }


def lessons(told: Lessons, names: Names) -> dict[str, Any]:
    """Cause and lessons."""
    return {
        "cause": told.cause,
        "lessons": told.lessons,
        "actions": told.actions,
        "by": names.get(told.by, told.by),
        "at": told.at,
    }


def freeze(found: Freeze, names: Names) -> dict[str, Any]:
    """A time in which production must not move."""
    return {
        "id": found.pk,
        "name": found.name,
        "starts_at": found.starts_at,
        "ends_at": found.ends_at,
        "weekly": weekly(found),
        "zone": found.zone,
        "environments": found.environments,
        "passes": found.passes,
        "reason": found.reason,
        "by": names.get(found.by, found.by),
        "source": found.source,
    }


def weekly(found: Freeze) -> dict[str, str] | None:
    """A weekly span as it was written: {"from": "fri 16:00", "to": "mon 06:00"}."""
    span = weekly_of(found)
    if span is None:
        return None
    return {
        "from": f"{DAYS[span.from_day]} {span.from_time:%H:%M}",
        "to": f"{DAYS[span.to_day]} {span.to_time:%H:%M}",
    }
