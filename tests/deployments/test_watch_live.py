"""The socket of a run: every line after a position, in order, none missing, none twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Collection
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, transaction

from accounts.models import User
from deployments import hub
from deployments.consumers import RunConsumer
from deployments.models import DeploymentRun
from deployments.onlookers import Doorkeeper, refusals
from deployments.services.progress import Line, append
from deployments.states import LineKind
from events import clock
from tests.cast import user
from tests.deployments.engine import make_ladder, queue
from tests.events.open_page import OpenPage

pytestmark = pytest.mark.django_db(transaction=True)


def write(run: DeploymentRun, count: int) -> None:
    """Append that many lines in one batch."""
    with transaction.atomic():
        append(run, [Line(LineKind.STEP, f"line {n}") for n in range(count)])


def made_run() -> DeploymentRun:
    make_ladder()
    return queue("1.0.0", "staging")


def page_on(run_id: int, who: Any, after: object = 0) -> OpenPage:
    """An open page on a run."""
    return OpenPage(RunConsumer, f"/ws/deployments/{run_id}/", who, f"after={after}", run_id=run_id)


async def opened(run: DeploymentRun, after: int = 0) -> OpenPage:
    page = page_on(run.pk, await database_sync_to_async(user)("dana"), after)
    await page.connect()
    return page


async def lines(page: OpenPage, until: int) -> list[int]:
    """Positions received until that one arrived."""
    found: list[int] = []
    while not found or found[-1] < until:
        frame = await page.frame(10)
        found += [line["seq"] for line in frame.get("lines", [])]
    return found


async def closed(page: OpenPage) -> int:
    await page.connect()
    return await page.closing_code()


@pytest.fixture
async def run() -> AsyncIterator[DeploymentRun]:
    yield await database_sync_to_async(made_run)()
    await asyncio.sleep(0)


async def test_page_gets_what_was_before_and_what_comes(run: DeploymentRun) -> None:
    await database_sync_to_async(write)(run, 3)
    page = await opened(run)
    assert await lines(page, 3) == [1, 2, 3]
    await database_sync_to_async(write)(run, 2)
    assert await lines(page, 5) == [4, 5]
    await page.leave()


async def test_page_resumes_after_its_last_line(run: DeploymentRun) -> None:
    await database_sync_to_async(write)(run, 1200)
    page = await opened(run, after=700)
    assert await lines(page, 1200) == list(range(701, 1201))
    await page.leave()


async def test_nothing_is_lost_or_doubled_while_lines_are_written(run: DeploymentRun) -> None:
    async def writer() -> None:
        for _ in range(20):
            await database_sync_to_async(write)(run, 7)

    writing = asyncio.create_task(writer())
    pages = [await opened(run) for _ in range(5)]
    for page in pages:
        assert await lines(page, 140) == list(range(1, 141))
    await writing
    for page in pages:
        await page.leave()
    assert not hub._hubs


async def test_quiet_pages_hear_beats_at_their_line_and_not_from_a_blind_hub(
    run: DeploymentRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "BEAT_SECONDS", 0.05)
    await database_sync_to_async(write)(run, 2)
    pages = [await opened(run), await opened(run, after=2)]
    for page in pages:
        if page is pages[0]:
            await lines(page, 2)
        for _ in range(3):
            beat = await page.frame()
            assert (beat["seq"], beat["state"]) == (2, "queued")
            assert "beat" in beat
    monkeypatch.setattr(hub.Hub, "fresh", False)
    for page in pages:
        while not await page.receive_nothing(timeout=0.3):
            await page.frame()
        await page.leave()


async def test_new_sentence_without_a_line_is_told(run: DeploymentRun) -> None:
    page = await opened(run)
    await page.frame()
    await database_sync_to_async(DeploymentRun.objects.filter(pk=run.pk).update)(
        sentence="Waits for the moon."
    )
    frame = await page.frame()
    assert frame == {"lines": [], "state": "queued", "sentence": "Waits for the moon."}
    await page.leave()


async def test_strangers_and_wrong_addresses_are_closed_with_their_reason(run: DeploymentRun) -> None:
    dana, otto = await database_sync_to_async(user)("dana"), await database_sync_to_async(user)("otto")
    assert await closed(page_on(run.pk, AnonymousUser())) == 4401
    assert await closed(page_on(run.pk, otto)) == 4403
    assert await closed(page_on(run.pk + 1, dana)) == 4404
    assert await closed(page_on(run.pk, dana, after="x")) == 4400


@pytest.mark.parametrize(("loss", "code"), [("role", 4403), ("account", 4401)])
async def test_page_of_somebody_who_may_look_no_longer_is_closed(
    run: DeploymentRun, monkeypatch: pytest.MonkeyPatch, loss: str, code: int
) -> None:
    monkeypatch.setattr(hub, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(hub, "BEAT_SECONDS", 0.05)
    stays = page_on(run.pk, await database_sync_to_async(user)("rita"))
    page = await opened(run)
    await stays.connect()
    dana = await database_sync_to_async(user)("dana")
    if loss == "role":
        await database_sync_to_async(dana.holdings.update)(until=clock.now())
    else:
        await database_sync_to_async(User.objects.filter(pk=dana.pk).update)(is_active=False)
    async with asyncio.timeout(10):
        assert await page.closing_code() == code
    await database_sync_to_async(write)(run, 1)
    assert await lines(stays, 1) == [1]
    await stays.leave()


async def test_lines_come_while_the_thread_that_sockets_share_is_held_up(run: DeploymentRun) -> None:
    page = await opened(run)
    await page.frame()
    over = threading.Event()
    held = asyncio.create_task(database_sync_to_async(over.wait)(60))
    try:
        await database_sync_to_async(write, thread_sensitive=False)(run, 2)
        assert await lines(page, 2) == [1, 2]
    finally:
        over.set()
        await held
    await page.leave()


async def test_people_who_come_together_are_asked_about_together(run: DeploymentRun) -> None:
    asked: list[int] = []

    async def ask(people: Collection[int]) -> dict[int, int]:
        asked.append(len(people))
        return await database_sync_to_async(refusals)(run.pk, people)

    people = [await database_sync_to_async(user)(name) for name in ("dana", "rita", "quinn", "otto")]
    door = Doorkeeper(ask)
    found = await asyncio.gather(*(door.refusal(one.pk) for one in (*people, *people)))
    assert found == [0, 0, 0, 4403] * 2
    assert asked == [4]


async def test_who_comes_while_the_database_fails_is_told_and_the_next_is_asked_about() -> None:
    trouble = [OperationalError("gone")]

    async def ask(people: Collection[int]) -> dict[int, int]:
        if trouble:
            raise trouble.pop()
        return dict.fromkeys(people, 0)

    door = Doorkeeper(ask)
    with pytest.raises(OperationalError):
        await door.refusal(1)
    assert await door.refusal(1) == 0


async def test_page_that_is_too_slow_is_asked_to_come_back() -> None:
    slow = hub.Subscriber()
    for n in range(hub.QUEUE_FRAMES + 1):
        slow.put(hub.Frame(n, n, "{}"))
    assert slow.overflowed
