"""Rows of the database as plain JSON, field by field, with people by their opaque ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, QuerySet

from accounts.models import User
from events.fields import plain
from events.names import shown_in

LEFT_OUT = frozenset({"html", "password", "first_request", "recipient_email", "recipient_name"})
"""Columns that prove nothing to an auditor: looks, addresses of recipients."""


def rows_of(found: QuerySet[Any] | Iterable[Model], actors: dict[int, str]) -> list[dict[str, Any]]:
    """Every column of every row; a reference to a person becomes the person's actor id."""
    return [_row(row, actors) for row in found]


def _row(row: Model, actors: dict[int, str]) -> dict[str, Any]:
    told = {}
    for field in row._meta.concrete_fields:
        if field.name in LEFT_OUT:
            continue
        value = getattr(row, field.attname)
        if field.related_model is User and value is not None:
            told[field.name] = actors.get(value, "person:unknown")
        else:
            told[field.attname] = value
    written: dict[str, Any] = plain(told)
    signed = {"text": written["text"]} if "signature" in written else {}
    readable: dict[str, Any] = shown_in(written)
    return readable | signed  # what was signed stays word for word


def actor_ids() -> dict[int, str]:
    """Row number of each person → actor id."""
    return {pk: f"person:{uid}" for pk, uid in User.objects.values_list("pk", "public_id")}
