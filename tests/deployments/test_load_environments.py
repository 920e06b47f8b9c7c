"""Regions, environments and targets of the platform file."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from accounts.actors import system
from deployments import platform_file
from deployments.models import Environment, Target

FILE = Path(__file__).parents[2] / "docs" / "platform.yaml"
ACTOR = system("test")
pytestmark = pytest.mark.django_db


@pytest.fixture
def document() -> dict[str, Any]:
    return copy.deepcopy(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def paths(document: dict[str, Any]) -> set[str]:
    return {problem.path for problem in platform_file.check(document)}


def test_loading_makes_the_ladder_in_order(document: dict[str, Any]) -> None:
    assert platform_file.check(document) == []
    platform_file.apply(document, actor=ACTOR)
    assert [e.name for e in Environment.objects.all()] == ["development", "staging", "production"]
    assert Target.objects.filter(environment__name="production").count() == 2


def test_loading_twice_changes_nothing(document: dict[str, Any]) -> None:
    assert len(platform_file.plan(document)) == 9
    platform_file.apply(document, actor=ACTOR)
    assert platform_file.plan(document) == []


def test_what_left_the_file_is_retired_and_comes_back(document: dict[str, Any]) -> None:
    platform_file.apply(document, actor=ACTOR)
    smaller = copy.deepcopy(document)
    smaller["environments"][2]["regions"] = ["us-east"]
    smaller["targets"].pop()
    platform_file.apply(smaller, actor=ACTOR)
    assert Target.objects.get(region__name="eu-central").retired_at is not None
    platform_file.apply(document, actor=ACTOR)
    assert Target.objects.filter(region__name="eu-central", retired_at=None).count() == 1
    assert platform_file.plan(document) == []


def test_a_target_with_other_data_than_its_environment_is_refused(document: dict[str, Any]) -> None:
    document["targets"][1]["data_class"] = "production"
    assert paths(document) == {"targets[1].data_class"}


def test_every_wrong_name_is_told_with_its_path(document: dict[str, Any]) -> None:
    document["environments"][0]["regions"] = ["atlantis"]
    document["environments"][1]["zone"] = "Moon/Base"
    document["targets"][3]["environment"] = "nowhere"
    assert paths(document) == {
        "environments[0].regions",
        "environments[1].zone",
        "environments[2].regions",
        "targets[0].region",
        "targets[3].environment",
    }


@pytest.mark.parametrize(
    "strategy",
    [
        {"kind": "blue_green", "weights": [50, 10, 100]},
        {"kind": "blue_green", "weights": [10, 50]},
        {"kind": "blue_green", "weights": [10, 100], "bake_seconds": [1, 2, 3]},
        {"hold_limit_seconds": 100, "decide_by_seconds": 10},
    ],
)
def test_a_strategy_that_cannot_be_meant_is_refused(
    document: dict[str, Any], strategy: dict[str, Any]
) -> None:
    document["environments"][2]["strategy"] = strategy
    assert paths(document) == {"environments[2].strategy"}


def test_production_that_nobody_could_deploy_to_is_refused(document: dict[str, Any]) -> None:
    document["environments"][2]["deployers"] = ["stakeholder"]
    assert paths(document) == {"environments[2].deployers"}
