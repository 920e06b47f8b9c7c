"""One reader per web process and watched run: reads new lines once and hands them to every socket.

The database is the truth. The channel layer only wakes the reader; a poll each second covers a wake that
was lost. Called by `deployments.consumers`; lives in the event loop of the web process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from deployments.onlookers import Doorkeeper, refusals
from deployments.queries.progress import Written, follow, written
from deployments.services.progress import group_of
from events import clock

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
BEAT_SECONDS, BEAT_PARTS = 3.0, 60
"""Each page hears a beat so often; not all at once, but in so many parts of the time."""
CHECK_SECONDS = 15.0
"""How often it is asked again whether those whose pages are open may still look."""
QUEUE_FRAMES = 200
"""Frames that a slow socket may be behind; more, and it is closed and asked to resume."""
PAGE = 500
REST_OF_ONE, MOST_REST = 0.0001, 0.1
"""Seconds that the reader rests after a frame for each socket that gets it: with many, a frame carries many
lines and the sockets are served before the next one comes."""
_readers = ThreadPoolExecutor(2, "portal-hub")
"""Threads of their own: a thousand pages that come back wait in line for the thread that all sockets
share, and lines must not wait behind them."""


Found = TypeVar("Found")


async def _read(ask: Callable[..., Found], *given: Any) -> Found:
    """Ask the database in one of the readers' threads."""
    found: Found = await database_sync_to_async(ask, thread_sensitive=False, executor=_readers)(*given)
    return found


@dataclass(frozen=True, slots=True)
class Frame:
    """Lines first to last as ready JSON text; without lines it is a beat or tells of a new state or sentence.

    A beat of a hub that cannot read the database has no text: it says nothing.
    """

    first: int
    last: int
    text: str
    lines: Sequence[Written] = ()


@dataclass(eq=False)
class Subscriber:
    """One socket's place in the hub. `overflowed` is set when it fell too far behind, `refused` to a
    closing code when this person may look no longer."""

    person: int = 0
    queue: asyncio.Queue[Frame] = field(default_factory=lambda: asyncio.Queue(QUEUE_FRAMES))
    overflowed: bool = False
    refused: int = 0

    def put(self, frame: Frame) -> None:
        """Hand a frame over without waiting for anybody."""
        try:
            self.queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.overflowed = True


class Hub:
    """The reader of one run. Positions up to `last` have been handed out."""

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id
        self.last = 0
        self.state = ""
        self.sentence = ""
        self.read_at = 0.0
        self._handed_out_at = 0.0
        self._subscribers: set[Subscriber] = set()
        self._ready = asyncio.Event()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._beat: tuple[int, str] | None = None
        self._doorkeeper = Doorkeeper(self._refusals)

    def attach(self, subscriber: Subscriber) -> None:
        """From now on the subscriber gets every new frame, and the hub is kept for it."""
        self._subscribers.add(subscriber)

    async def refusal(self, person: int) -> int:
        """The closing code of why this person may not look, 0 when they may."""
        return await self._doorkeeper.refusal(person)

    async def ready(self) -> None:
        """Start reading if nobody did; returns once `last` is known."""
        if not self._tasks:
            parts = (self._follow(), self._listen(), self._check(), self._keep_beating())
            self._tasks = [asyncio.create_task(part) for part in parts]
        await self._ready.wait()

    def leave(self, subscriber: Subscriber) -> bool:
        """Forget the subscriber; True when nobody is left and the reader has stopped."""
        self._subscribers.discard(subscriber)
        if self._subscribers:
            return False
        for task in self._tasks:
            task.cancel()
        return True

    @property
    def fresh(self) -> bool:
        """Was the database read within the last beats? A blind hub must not look alive."""
        return asyncio.get_running_loop().time() - self.read_at < 3 * POLL_SECONDS

    def beat(self, seen: int) -> str:
        """What says to a page at this line that it is live; one text for all until the next reading."""
        if self._beat is None or self._beat[0] != seen:
            told = {"beat": clock.now().isoformat(), "seq": seen}
            self._beat = seen, json.dumps(told | {"state": self.state, "sentence": self.sentence})
        return self._beat[1]

    async def _follow(self) -> None:
        """Read what is new, hand it out, wait for a wake or a second."""
        while True:
            self._wake.clear()
            try:
                await self._once()
            except Exception as error:
                log.warning("run %s could not be read: %s", self.run_id, type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()
            since = asyncio.get_running_loop().time() - self._handed_out_at
            await asyncio.sleep(max(0.0, min(MOST_REST, REST_OF_ONE * len(self._subscribers)) - since))

    async def _once(self) -> None:
        first_time = not self._ready.is_set()
        found = await _read(follow, self.run_id, sys.maxsize if first_time else self.last, PAGE)
        told = (found.state, found.sentence) != (self.state, self.sentence)
        self.state, self.sentence, self._beat = found.state, found.sentence, None
        self.read_at = asyncio.get_running_loop().time()
        if first_time:
            self.last = found.head
            self._ready.set()
            return
        if found.lines or told:
            self._hand_out(found.lines)
        while found.lines and found.head > self.last:
            found = await _read(follow, self.run_id, self.last, PAGE)
            self._hand_out(found.lines)

    async def _keep_beating(self) -> None:
        """A beat for every page each BEAT_SECONDS; the queue brings it after the lines before it."""
        while True:
            here = list(self._subscribers)
            size = -(-len(here) // BEAT_PARTS) or 1
            parts = [here[begin : begin + size] for begin in range(0, len(here), size)] or [[]]
            for part in parts:
                await asyncio.sleep(BEAT_SECONDS / len(parts))
                beat = Frame(self.last, self.last, self.beat(self.last) if self.fresh else "")
                for subscriber in part:
                    subscriber.put(beat)

    async def _check(self) -> None:
        """Ask again and again who may still look; while the database does not answer, nobody is closed."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                found = await self._refusals({one.person for one in self._subscribers})
            except Exception as error:
                log.warning("onlookers of run %s not asked: %s", self.run_id, type(error).__name__)
                continue
            for subscriber in self._subscribers:
                subscriber.refused = found.get(subscriber.person, 0)

    async def _refusals(self, people: Collection[int]) -> dict[int, int]:
        return await _read(refusals, self.run_id, people)

    def _hand_out(self, lines: Sequence[Written]) -> None:
        first = lines[0][0] if lines else self.last
        self.last = lines[-1][0] if lines else self.last
        frame = Frame(first, self.last, frame_text(lines, self.state, self.sentence), lines)
        for subscriber in self._subscribers:
            subscriber.put(frame)
        self._handed_out_at = asyncio.get_running_loop().time()

    async def _listen(self) -> None:
        """Wait for wakes; without a channel layer the poll alone does."""
        layer = get_channel_layer()
        if layer is None:
            return
        channel = await layer.new_channel()
        await layer.group_add(group_of(self.run_id), channel)
        try:
            while True:
                await layer.receive(channel)
                self._wake.set()
        finally:
            with contextlib.suppress(Exception):
                await layer.group_discard(group_of(self.run_id), channel)


_hubs: dict[tuple[int, int], Hub] = {}


def enter(run_id: int, subscriber: Subscriber) -> Hub:
    """The hub of a run in this event loop, made on first need, with the subscriber in it."""
    hub = _hubs.setdefault((id(asyncio.get_running_loop()), run_id), Hub(run_id))
    hub.attach(subscriber)
    return hub


def leave(hub: Hub, subscriber: Subscriber) -> None:
    """Take a subscriber out; the last one switches the hub off."""
    if hub.leave(subscriber):
        _hubs.pop((id(asyncio.get_running_loop()), hub.run_id), None)


def frame_text(lines: Sequence[Written], state: str, sentence: str) -> str:
    """A frame as sockets send it."""
    return written(lines, state=state, sentence=sentence)


async def replay(run_id: int, after: int, until: int) -> list[Written]:
    """One page of the lines after a position, up to another."""
    found = await _read(follow, run_id, after, PAGE)
    return [line for line in found.lines if line[0] <= until]
