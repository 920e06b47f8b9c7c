"""The platform file's section `masking`."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.actors import system
from events import platform_file
from events.models import Event, MaskingRules

pytestmark = pytest.mark.django_db
LOADER = system("command line")


def document(**section: Any) -> dict[str, Any]:
    return {"masking": section}


def test_rules_are_stored_once_and_recorded() -> None:
    wanted = document(fields=["patient_name"], patterns=[r"\bMRN-\d+\b"])
    assert platform_file.plan(wanted) == [
        "masking: 1 pattern(s) and 1 field name(s) on top of the built-in ones"
    ]
    platform_file.apply(wanted, actor=LOADER)
    platform_file.apply(wanted, actor=LOADER)
    assert platform_file.plan(wanted) == []
    assert MaskingRules.objects.get().fields == ["patient_name"]
    assert Event.objects.filter(kind="platform.masking_changed").count() == 1


def test_a_bad_pattern_is_refused_with_its_path() -> None:
    problems = platform_file.check(document(patterns=[r"\d+", "(?<=x)y"]))
    assert [problem.path for problem in problems] == ["masking.patterns[1]"]
    assert "linear time" in problems[0].sentence


def test_a_file_without_the_section_ends_the_rules() -> None:
    platform_file.apply(document(fields=["room"]), actor=LOADER)
    platform_file.apply({}, actor=LOADER)
    assert MaskingRules.objects.get().fields == []
