"""The head of the trail leaves the machine: into a folder and by e-mail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from events import delivery
from events.models import HeadSent
from events.services import record
from events.tasks import checkpoint
from notifications.models import Message
from notifications.services import audit_heads

pytestmark = pytest.mark.django_db


def something_happens() -> None:
    with transaction.atomic():
        record("release/1", "release.annotated", "system:test")
    checkpoint()


def test_each_checkpoints_head_is_a_file_of_its_own_that_the_check_takes(
    settings: Any, tmp_path: Path
) -> None:
    settings.PORTAL_AUDIT_HEAD_FOLDER = tmp_path / "heads"
    something_happens()
    something_happens()
    files = sorted(tmp_path.rglob("head-*.json"))
    assert [json.loads(file.read_text())["number"] for file in files] == [1, 2]
    call_command("verify_audit", head=tmp_path / "heads")
    call_command("verify_audit", head=files[0])


def test_a_folder_that_cannot_be_written_is_told_and_tried_again(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.PORTAL_AUDIT_HEAD_FOLDER = tmp_path / "file" / "heads"
    something_happens()
    assert HeadSent.objects.get().error == "Not a directory"
    (tmp_path / "file").unlink()
    assert delivery.to_folder()
    assert (HeadSent.objects.get().error, HeadSent.objects.get().number) == ("", 1)


def test_a_head_that_was_cut_off_is_written_again_and_another_one_is_told(
    settings: Any, tmp_path: Path
) -> None:
    settings.PORTAL_AUDIT_HEAD_FOLDER = tmp_path
    something_happens()
    file = next(tmp_path.rglob("head-*.json"))
    whole = file.read_text()
    file.write_text(whole[:40])
    HeadSent.objects.all().delete()
    assert delivery.to_folder()
    assert file.read_text() == whole
    file.write_text(whole.replace("signature", "Signature"))
    HeadSent.objects.all().delete()
    assert not delivery.to_folder()
    assert HeadSent.objects.get().error.startswith("another head lies there as ")
    assert file.read_text() != whole  # what lies there is evidence


def test_the_head_goes_by_mail_once_in_some_hours(settings: Any) -> None:
    settings.PORTAL_AUDIT_HEAD_MAIL = ["auditor@firm.example", "dpo@clinic.example"]
    something_happens()
    assert audit_heads.write() == 2
    something_happens()
    assert audit_heads.write() == 0
    message = Message.objects.get(recipient_email="auditor@firm.example")
    assert '"number": 1' in message.text
    assert message.subject.startswith("Audit trail, checkpoint 1: ")
