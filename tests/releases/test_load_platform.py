"""The platform file's part: idempotent, whole, refused with paths, history kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import releases.platform_file as part
from releases.models import Component, ItemDefinition
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def test_same_document_again_changes_nothing() -> None:
    assert part.plan(world.document()) == []


def test_removed_component_is_retired_and_comes_back() -> None:
    fewer = [c for c in world.document()["components"] if c["name"] != "mailer"]
    assert part.plan(world.document(components=fewer)) == ["components: mailer is retired"]
    world.load(components=fewer)
    assert Component.objects.get(name="mailer").retired_at is not None
    assert part.plan(world.document()) == ["components: mailer changes: comes back"]
    world.load()
    assert Component.objects.get(name="mailer").retired_at is None


def test_changed_list_leaves_releases_under_way_as_they_were() -> None:
    release = world.draft()
    world.load(checklist=[{"name": "security_scan", "title": "Scan"}])
    assert release.items.filter(list="checklist").count() == 2
    assert ItemDefinition.objects.filter(list="checklist", retired_at=None).count() == 1


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"components": [{"name": "web", "kind": "http"}] * 2}, "components[1].name"),
        ({"components": [{"name": "mailer", "kind": "worker", "edge": True}]}, "components[0].edge"),
        (
            {"components": [{"name": "web", "kind": "http", "manifest": {"n": 2**60}}]},
            "components[0].manifest",
        ),
        ({"freezes": [{"name": "F", "reason": "R", "starts": "2030-01-02", "ends": "x"}]}, "freezes[0].ends"),
        (
            {"freezes": [{"name": "F", "reason": "R", "weekly": {"from": "mon 01:00", "to": "mon 01:00"}}]},
            "freezes[0].weekly",
        ),
        ({"environments": world.document()["environments"][-1:]}, "environments"),
    ],
)
def test_wrong_file_is_refused_with_its_path(changes: dict[str, Any], path: str) -> None:
    assert path in [problem.path for problem in part.check(world.document(**changes))]


def test_example_in_the_documentation_is_right() -> None:
    text = (Path(__file__).parents[2] / "docs" / "platform.yaml").read_text(encoding="utf-8")
    assert part.check(yaml.safe_load(text)) == []
