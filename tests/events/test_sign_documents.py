"""Documents are signed as canonical JSON; a rotation is on the record with the old key's word for it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from events import clock, keys
from events.models import Event
from platforms.keys.base import endorsement_of, verifies


@pytest.fixture
def own_folder(tmp_path: Path, settings: Settings) -> Path:
    settings.PORTAL_KEY_SETTINGS = {"folder": str(tmp_path / "keys")}
    keys.keeper().ensure(clock.now())
    return tmp_path / "keys"


def test_signed_text_is_canonical_and_any_change_is_seen(own_folder: Path) -> None:
    signed = keys.sign({"b": 1, "a": "ä"})
    assert signed.text == '{"a":"ä","b":1}'
    assert keys.holds(signed)
    assert not keys.holds(replace(signed, text=signed.text.replace("1", "2")))
    assert not keys.holds(replace(signed, signature="not base64!"))


def test_without_a_key_the_refusal_says_who_can_help(tmp_path: Path, settings: Settings) -> None:
    settings.PORTAL_KEY_SETTINGS = {"folder": str(tmp_path / "empty")}
    with pytest.raises(keys.CannotSign, match=r"prepare.*Administrator"):
        keys.sign({"a": 1})


@pytest.mark.django_db
def test_rotated_key_is_exported_with_its_endorsement(
    own_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    early = keys.sign({"before": "rotation"})
    call_command("rotate_signing_key")
    assert Event.objects.get(stream="keys", kind="key.rotated").actor == "system:command line"
    capsys.readouterr()
    call_command("export_public_keys")
    old, new = json.loads(capsys.readouterr().out)["keys"]
    word = base64.b64decode(new["endorsement"])
    publics = [base64.b64decode(entry["public_key"]) for entry in (old, new)]
    assert new["endorsed_by"] == old["id"]
    assert verifies(endorsement_of(publics[1]), word, publics[0])
    assert keys.holds(early)
    assert keys.sign({}).key_id == new["id"]
