"""The doorbell's socket, through the real channel layer."""

from __future__ import annotations

import asyncio

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from accounts.roles import Role
from accounts.services.roles import end_role
from events.consumers import DoorbellConsumer
from events.doorbell import GROUP
from tests.cast import SETUP, user
from tests.events.open_page import OpenPage

pytestmark = pytest.mark.django_db(transaction=True)


def socket(person: User | AnonymousUser) -> OpenPage:
    return OpenPage(DoorbellConsumer, "/ws/doorbell/", person)


async def opened(name: str) -> OpenPage:
    bell = socket(await database_sync_to_async(user)(name))
    await bell.connect()
    assert "beat" in await bell.frame()
    return bell


async def ring(subject: str) -> None:
    layer = get_channel_layer()
    assert layer is not None
    await layer.group_send(GROUP, {"type": "ring", "subject": subject})


async def next_ring(bell: OpenPage) -> list[str]:
    while True:
        frame = await bell.frame()
        if "ring" in frame:
            return list(frame["ring"])


async def test_an_open_page_hears_that_a_release_changed_at_once() -> None:
    bell = await opened("rita")
    await ring("release/1.0.0")
    async with asyncio.timeout(0.5):
        assert await next_ring(bell) == ["release/1.0.0"]
    await bell.leave()


async def test_many_rings_of_one_subject_are_joined_to_one_a_second() -> None:
    bell = await opened("rita")
    await ring("release/1.0.0")
    assert await next_ring(bell) == ["release/1.0.0"]
    for _ in range(20):
        await ring("release/1.0.0")
    await ring("environment/staging")
    assert await next_ring(bell) == ["environment/staging"]
    assert await next_ring(bell) == ["release/1.0.0"]
    assert await bell.receive_nothing(timeout=1.2)
    await bell.leave()


async def test_a_ring_tells_among_how_many_pages_it_rings() -> None:
    async def among(subject: str) -> int:
        await ring(subject)
        while subject not in (frame := await first.frame()).get("ring", ()):
            pass
        return int(frame["among"])

    first, second = await opened("rita"), await opened("dana")
    both = await among("release/1.0.0")
    await second.leave()
    assert await among("release/2.0.0") == both - 1
    await first.leave()


async def test_a_quiet_doorbell_beats_every_three_seconds() -> None:
    bell = await opened("rita")
    assert "beat" in await bell.frame(timeout=4)
    await bell.leave()


@pytest.mark.parametrize(("name", "code"), [(None, 4401), ("otto", 4403)])
async def test_nobody_and_somebody_without_a_role_hear_nothing(name: str | None, code: int) -> None:
    person = await database_sync_to_async(user)(name) if name else AnonymousUser()
    bell = socket(person)
    await bell.connect()
    assert await bell.closing_code() == code


async def test_losing_the_last_role_closes_the_open_page() -> None:
    bell = await opened("stan")
    stan = await database_sync_to_async(user)("stan")
    await database_sync_to_async(end_role)(stan, Role.STAKEHOLDER, SETUP)
    assert await bell.closing_code() == 4403
