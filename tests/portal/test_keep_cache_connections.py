"""The cache's connection outlives the request that opened it."""

from __future__ import annotations

import contextvars
import os
from concurrent.futures import ThreadPoolExecutor

from django.core.cache import caches


def connection() -> int:
    """The number that the server gave to the connection in use."""
    return int(caches["default"]._cache.get_client().client_id())


def test_requests_in_contexts_of_their_own_share_a_connection() -> None:
    with ThreadPoolExecutor(1) as thread:
        found = [thread.submit(contextvars.Context().run, connection).result(10) for _ in range(3)]
    assert len(set(found)) == 1


def test_two_threads_at_once_never_share_one() -> None:
    client = caches["default"]._cache.get_client()
    with ThreadPoolExecutor(4) as threads:
        values = list(threads.map(lambda n: client.echo(str(n)), range(200)))
    assert values == [str(n).encode() for n in range(200)]


def test_child_process_connects_by_itself() -> None:
    own, (reader, writer) = connection(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, str(connection()).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reader, 20)) != own
    assert connection() == own
