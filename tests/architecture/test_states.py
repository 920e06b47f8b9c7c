"""docs/states.md draws every state machine as the code declares it, edge for edge."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.db import models
from django_fsm import FSMFieldMixin

from tests.portal_process import ROOT

EDGE = re.compile(r"^\s+(\w+) --> (\w+): (\w+)$", re.MULTILINE)
ROOMS = ("releases", "deployments", "approvals", "accounts", "events", "compliance", "notifications")


def machines() -> list[tuple[type[models.Model], str]]:
    """Every model of ours with a state column, and the column's name."""
    ours = [model for model in apps.get_models() if model._meta.app_label in ROOMS]
    return [(m, f.name) for m in ours for f in m._meta.get_fields() if isinstance(f, FSMFieldMixin)]


def drawn(name: str) -> set[tuple[str, str, str]]:
    text = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None, f"docs/states.md has no section {name}"
    return set(EDGE.findall(section[1]))


@pytest.mark.parametrize(("model", "column"), machines(), ids=lambda value: getattr(value, "__name__", None))
def test_drawing_is_the_code(model: type[models.Model], column: str) -> None:
    field = model._meta.get_field(column)
    declared = {(str(t.source), str(t.target), t.name) for t in field.get_all_transitions(model)}
    assert drawn(model.__name__) == declared


@pytest.mark.parametrize(("model", "column"), machines(), ids=lambda value: getattr(value, "__name__", None))
def test_database_knows_the_states(model: type[models.Model], column: str) -> None:
    known = [c for c in model._meta.constraints if isinstance(c, models.CheckConstraint)]
    assert any(f"{column}__in" in str(c.condition) for c in known)
