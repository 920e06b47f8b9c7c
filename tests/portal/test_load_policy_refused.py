"""A platform file with a policy that cannot be: refused with its sentence, recorded, nothing changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError

from approvals.models import PolicyProposal, PolicyVersion
from events.models import Event
from tests.approvals.policies import rule
from tests.portal.test_load_platform import EXAMPLE

pytestmark = pytest.mark.django_db
RM = "release_manager"


def file_with(folder: Path, *rules: dict[str, Any]) -> str:
    document = yaml.safe_load(EXAMPLE.read_text())
    document["approval_policy"] = {"rules": list(rules)}
    (folder / "platform.yaml").write_text(yaml.safe_dump(document))
    return str(folder / "platform.yaml")


BAD = [
    ([rule("a", RM, like="b"), rule("b", RM, like="a")], "in a circle: a → b → a"),
    ([rule("a", "wizard")], "wizard"),
    ([rule("a", (RM, 0))], "0"),
    ([rule("a", RM, expires_after_seconds=-5)], "-5"),
    ([rule("a", (RM, 40))], "40"),
]


@pytest.mark.parametrize(("rules", "says"), BAD, ids=["cycle", "role", "zero", "expiry", "unmeetable"])
def test_bad_policy_is_refused_and_recorded(tmp_path: Path, rules: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("load_platform", file_with(tmp_path, *rules))
    event = Event.objects.get(kind="refusal.recorded")
    assert (event.actor, event.data["act"]) == ("system:command line", "load_platform")
    assert says in event.reason
    assert not PolicyVersion.objects.exists()
    assert not PolicyProposal.objects.exists()


def test_checking_a_bad_file_is_no_act(tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        call_command("load_platform", file_with(tmp_path, rule("a", "wizard")), check=True)
    assert not Event.objects.filter(kind="refusal.recorded").exists()
