"""Preparation that must not touch what is not the demo's."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.django_db
def test_demo_refuses_a_given_database_that_holds_a_portal(tmp_path: Path, settings: object) -> None:
    settings.PORTAL_DATA_DIR = tmp_path  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="the demo takes an empty one"):
        call_command("prepare", "--demo", "--given-database")
    assert not (tmp_path / "demo.database").exists()
