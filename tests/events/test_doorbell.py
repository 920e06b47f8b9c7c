"""What a transaction tells open pages leaves after its commit, together and each message once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction
from redis import Redis

from events.doorbell import GROUP, ring

pytestmark = pytest.mark.django_db(transaction=True)


async def heard(act: Callable[[], None]) -> list[str]:
    """The subjects that ring for whoever listens while `act` goes on; a last one marks the end."""
    layer = get_channel_layer()
    assert layer is not None
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    await database_sync_to_async(act)()
    await database_sync_to_async(ring)("end")
    subjects: list[str] = []
    async with asyncio.timeout(5):
        while "end" not in subjects:
            subjects.append((await layer.receive(channel))["subject"])
    return subjects[:-1]


async def test_each_subject_rings_once_for_a_transaction() -> None:
    def act() -> None:
        with transaction.atomic():
            for subject in ("release/1", "release/2", "release/1"):
                ring(subject)

    assert await heard(act) == ["release/1", "release/2"]


async def test_what_is_taken_back_rings_for_nobody() -> None:
    def act() -> None:
        with transaction.atomic():
            ring("release/1")
            with transaction.atomic():
                ring("release/2")
                transaction.set_rollback(True)
            with transaction.atomic():
                ring("release/3")

    assert await heard(act) == ["release/1", "release/3"]


def test_commits_share_one_connection() -> None:
    def commit() -> None:
        with transaction.atomic():
            ring("release/1")

    commit()
    with Redis.from_url(settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"][0]) as redis:
        before = redis.info("stats")["total_connections_received"]
        for _ in range(5):
            commit()
        assert redis.info("stats")["total_connections_received"] == before
