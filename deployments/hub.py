"""One reader per web process and watched run: reads new lines once and hands them to every socket.

The database is the truth. The channel layer only wakes the reader; a poll each second covers a wake that
was lost. Called by `deployments.consumers`; lives in the event loop of the web process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from deployments.models import DeploymentRun
from deployments.queries.progress import follow
from deployments.services.progress import group_of

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
QUEUE_FRAMES = 200
"""Frames that a slow socket may be behind; more, and it is closed and asked to resume."""
PAGE = 500
REST_OF_ONE, MOST_REST = 0.0001, 0.1
"""Seconds that the reader rests after a frame for each socket that gets it: with many, a frame carries many
lines and the sockets are served before the next one comes."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Lines first to last as ready JSON text; an empty one only tells of a new state or sentence."""

    first: int
    last: int
    text: str
    lines: Sequence[dict[str, Any]] = ()


@dataclass(eq=False)
class Subscriber:
    """One socket's place in the hub. `overflowed` is set when it fell too far behind."""

    queue: asyncio.Queue[Frame] = field(default_factory=lambda: asyncio.Queue(QUEUE_FRAMES))
    overflowed: bool = False

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

    async def join(self, subscriber: Subscriber) -> None:
        """From now on the subscriber gets every new frame; returns once `last` is known."""
        self._subscribers.add(subscriber)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._listen())]
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

    async def _read(self) -> None:
        """Read what is new, hand it out, wait for a wake or a second."""
        while True:
            self._wake.clear()
            try:
                await self._once()
            except Exception as error:
                log.warning("run %s could not be read: %s", self.run_id, type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
            since = asyncio.get_running_loop().time() - self._handed_out_at
            await asyncio.sleep(max(0.0, min(MOST_REST, REST_OF_ONE * len(self._subscribers)) - since))

    async def _once(self) -> None:
        first_time = not self._ready.is_set()
        newest, state, sentence = await database_sync_to_async(_head)(self.run_id)
        told = (state, sentence) != (self.state, self.sentence)
        self.state, self.sentence = state, sentence
        self.read_at = asyncio.get_running_loop().time()
        if first_time:
            self.last = newest
            self._ready.set()
            return
        while newest > self.last:
            lines = await database_sync_to_async(_lines)(self.run_id, self.last)
            if not lines:
                break
            self._hand_out(lines)
            told = False
        if told:
            self._hand_out([])

    def _hand_out(self, lines: Sequence[dict[str, Any]]) -> None:
        first = lines[0]["seq"] if lines else self.last
        self.last = lines[-1]["seq"] if lines else self.last
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


def hub_of(run_id: int) -> Hub:
    """The hub of a run in this event loop, made on first need."""
    return _hubs.setdefault((id(asyncio.get_running_loop()), run_id), Hub(run_id))


def leave(hub: Hub, subscriber: Subscriber) -> None:
    """Take a subscriber out; the last one switches the hub off."""
    if hub.leave(subscriber):
        _hubs.pop((id(asyncio.get_running_loop()), hub.run_id), None)


def frame_text(lines: Sequence[dict[str, Any]], state: str, sentence: str) -> str:
    """A frame as sockets send it."""
    return json.dumps({"lines": list(lines), "state": state, "sentence": sentence}, default=str)


async def replay(run_id: int, after: int, until: int) -> list[dict[str, Any]]:
    """One page of the lines after a position, up to another."""
    lines = await database_sync_to_async(_lines)(run_id, after)
    return [line for line in lines if line["seq"] <= until]


def _head(run_id: int) -> tuple[int, str, str]:
    row = DeploymentRun.objects.values_list("head__seq", "state", "sentence").get(pk=run_id)
    return int(row[0] or 0), str(row[1]), str(row[2])


def _lines(run_id: int, after: int) -> list[dict[str, Any]]:
    return follow(run_id, after, PAGE).lines
