"""Stakeholders from the platform file."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from events.models import Event
from notifications import platform_file
from notifications.models import Stakeholder
from tests.cast import SETUP

pytestmark = pytest.mark.django_db
INES = {"name": "Ines Ødegård", "email": "ines@clinic.example", "zone": "Europe/Oslo"}
JO = {"name": "Jo", "email": "jo@clinic.example"}


def load(*entries: dict[str, Any]) -> list[str]:
    document = {"stakeholders": list(entries)}
    jsonschema.validate(document["stakeholders"], platform_file.SECTIONS["stakeholders"])
    planned = platform_file.plan(document)
    platform_file.apply(document, actor=SETUP)
    return planned


def test_loading_twice_changes_nothing() -> None:
    assert len(load(INES, JO)) == 2
    assert load(INES, JO) == []
    assert Event.objects.filter(kind="platform.stakeholders_changed").count() == 1


def test_who_leaves_the_file_is_told_no_more_and_may_come_back() -> None:
    load(INES, JO)
    assert load(INES) == ["stakeholders: Jo <jo@clinic.example> is told no more"]
    assert list(Stakeholder.objects.filter(retired_at=None).values_list("name", flat=True)) == [INES["name"]]
    load(INES, JO | {"email": "JO@clinic.example"})
    assert Stakeholder.objects.filter(retired_at=None).count() == Stakeholder.objects.count() == 2


def test_wrong_zone_and_double_address_name_their_place() -> None:
    found = platform_file.check({"stakeholders": [INES, INES | {"zone": "Mars/Olympus"}]})
    assert [p.path for p in found] == ["stakeholders[1].zone", "stakeholders[1].email"]


@pytest.mark.parametrize(
    "wrong", [{"name": "a\nb"}, {"email": "nobody"}, {"email": "ö@x.example"}, {"phone": "1"}]
)
def test_wrong_shape_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        load(INES | wrong)
