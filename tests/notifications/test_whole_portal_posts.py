"""The whole portal, clock and worker included, gets its mail out once the mail server is back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hmhp_portal.launcher.installation import Installation
from tests.notifications.mail_server import Postbox, free_port, listening
from tests.portal_process import start_portal

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SOMETHING_HAPPENS = """
from tests.notifications.news import happens, release, stakeholder
stakeholder()
happens(release(), "release.rolled_back", reason="Errors over 1 %.")
"""


def wait(what: Callable[[], bool], seconds: float = 90) -> None:
    limit = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < limit
        time.sleep(0.1)


def test_mail_waits_for_a_dead_server_and_then_arrives_once(tmp_path: Path) -> None:
    box, port, folder = Postbox(), free_port(), tmp_path / "data"
    server = {"PORTAL_SMTP_HOST": "127.0.0.1", "PORTAL_SMTP_PORT": str(port)}
    with start_portal(folder, environment=server) as portal:
        portal.command("shell", "-c", SOMETHING_HAPPENS)
        wait(lambda: "cannot be used: it refuses connections" in portal.logs())
        with listening(box, port):
            wait(lambda: len(box.mails) >= 2)
    assert sorted(box.recipients) == ["ines@clinic.example", "rita@hmhp.example"]
    assert {mail["Subject"] for mail in box.mails} == {"Rolled back: 2026.11.1"}
    assert {mail["X-HMHP-Repeated"] for mail in box.mails} == {None}
    Installation(folder).clear()
