"""Mail, the doorbell of open pages, wakes of workers and a start leave after the commit, or not at all.

One transaction signs, decides and starts. While it is open, what could tell of it runs beside it on other
connections: the reader of news, the sender of mail, an open page, the broker, the engine's look for runs.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from asgiref.sync import async_to_sync
from celery import current_app
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings as portal
from django.db import connections, transaction

from deployments.models import DeploymentRun
from events.consumers import DoorbellConsumer
from events.doorbell import GROUP
from notifications.services import reading, sending
from releases.models import Release
from releases.services import deciding, starting
from tests.cast import actor, user
from tests.events.open_page import OpenPage
from tests.notifications.mail_server import Postbox, free_port, listening
from tests.releases import world

pytestmark = pytest.mark.django_db(transaction=True)
Found = TypeVar("Found")


class TakenBackError(Exception):
    """The transaction is taken back."""


def beside(act: Callable[[], Found]) -> Found:
    """What another process sees or does meanwhile, on a connection of its own."""

    def run() -> Found:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result(30)


def queued() -> int:
    """Tasks that wait in the broker."""
    names = {
        portal.CELERY_TASK_DEFAULT_QUEUE,
        *(route["queue"] for route in portal.CELERY_TASK_ROUTES.values()),
    }
    with current_app.connection_for_read() as broker:
        return sum(broker.default_channel.client.llen(name) for name in names)


def ring(subject: str) -> None:
    """Ring at once, past every transaction: pages hear in order."""
    layer = get_channel_layer()
    assert layer is not None
    async_to_sync(layer.group_send)(GROUP, {"type": "ring", "subject": subject})


def mailed() -> int:
    """Read all news and send all mail; how many mails went out."""
    reading.read()
    return int(sending.deliver())


def sign_decide_and_start(release: Release) -> None:
    """All that binds somebody, and the run."""
    world.sign(release, "rita", "quinn", "sasha")
    world.open_window(release)
    deciding.decide(release.version, actor=actor("rita"), answer="go", seal=release.seal)
    world.brief(release)
    starting.deploy(release.version, actor=actor("devon"), seal=release.seal)


def open_and_look(release: Release, end: str) -> None:
    """The transaction, and proof that nothing has left while it is open."""
    waiting = queued()
    with transaction.atomic():
        sign_decide_and_start(release)
        assert beside(mailed) == 0
        assert not beside(
            DeploymentRun.objects.filter(stream=release.stream, environment__name="production").exists
        )
        assert queued() == waiting
        ring("before the end")
        if end == "taken back":
            raise TakenBackError


async def heard(bell: OpenPage, until: str) -> list[str]:
    """Everything that an open page is told of, in order, up to one subject."""
    found: list[str] = []
    while until not in found:
        frame = await bell.frame()
        found += frame.get("ring", ())
    return found


@pytest.fixture
def box(settings: Any) -> Any:
    """A real mail server."""
    settings.PORTAL_SMTP_HOST, settings.PORTAL_SMTP_PORT = "127.0.0.1", free_port()
    postbox = Postbox()
    with listening(postbox, settings.PORTAL_SMTP_PORT):
        yield postbox


def prepared() -> Release:
    """A release that waits for its signatures; everything before is told."""
    world.build()
    release = world.in_review()
    mailed()
    return release


async def opened() -> OpenPage:
    bell = OpenPage(DoorbellConsumer, "/ws/doorbell/", await database_sync_to_async(user)("devon"))
    await bell.connect()
    await bell.frame()
    return bell


async def test_signature_go_and_start_leave_after_the_commit(box: Postbox) -> None:
    release = await database_sync_to_async(prepared)()
    before, waiting = len(box.mails), queued()
    bell = await opened()
    await database_sync_to_async(open_and_look)(release, "committed")
    told = await heard(bell, release.stream)
    assert told.index("before the end") < told.index(release.stream)
    assert await database_sync_to_async(mailed)() > 0
    assert any("Go" in str(mail["Subject"]) for mail in box.mails[before:])
    assert queued() > waiting
    await bell.leave()


async def test_signature_go_and_start_that_are_taken_back_tell_nobody(box: Postbox) -> None:
    release = await database_sync_to_async(prepared)()
    before, waiting = len(box.mails), queued()
    bell = await opened()
    with pytest.raises(TakenBackError):
        await database_sync_to_async(open_and_look)(release, "taken back")
    await database_sync_to_async(ring)("after it")
    assert release.stream not in await heard(bell, "after it")
    assert await database_sync_to_async(mailed)() == 0
    assert (len(box.mails), queued()) == (before, waiting)
    await bell.leave()
