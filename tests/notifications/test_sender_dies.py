"""A living sender keeps its lease however slow the server is; a dead one is followed within seconds."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from notifications.models import MailServer
from notifications.services import sending

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "RENEW_SECONDS", 0.05)


def held() -> bool:
    return MailServer.objects.filter(lease_until__gt=Now()).exists()


def test_living_sender_keeps_the_lease_beyond_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "LEASE", timedelta(seconds=1))
    fence = sending._take_lease()
    assert fence is not None
    renewing = sending.Renewing(fence)
    try:
        limit = time.monotonic() + 1.5
        while time.monotonic() < limit:
            assert held()
            time.sleep(0.05)
        assert sending._take_lease() is None
    finally:
        renewing.end()


def test_sender_that_was_overtaken_renews_no_more() -> None:
    fence = sending._take_lease()
    assert fence is not None
    renewing = sending.Renewing(fence)
    MailServer.objects.update(lease_until=Now() - timedelta(seconds=1), fence=fence + 1)
    renewing.join(5)
    assert not renewing.is_alive()
    assert not held()


def test_dead_sender_keeps_others_out_for_seconds_only() -> None:
    assert timedelta(seconds=15) >= sending.LEASE
