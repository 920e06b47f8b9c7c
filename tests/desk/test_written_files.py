"""Commands that write a file say in a sentence where they could not."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from events.services import record

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "command",
    [
        ["make_checkpoint", "--head"],
        ["make_dossier", "--since", "2026-11-01", "--until", "2026-11-02", "--out"],
    ],
)
@pytest.mark.parametrize("name", ["", "no/such/folder/file"])
def test_file_that_cannot_be_written_is_a_sentence(command: list[str], name: str, tmp_path: Path) -> None:
    with transaction.atomic():
        record("release/1", "release.annotated", "system:test")
    with pytest.raises(CommandError, match=r"was not written to .*(No such file|Is a directory)"):
        call_command(*command, str(tmp_path / name))
