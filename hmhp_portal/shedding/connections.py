"""Connections that never become a request are closed, and there is an end to how many there may be.

A subclass of uvicorn's HTTP protocol, given to it by `hmhp_portal.web`: a client that dribbles its head
costs a file descriptor for some seconds and nothing else.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_SECONDS = 10.0
"""From a connection's beginning, or the first byte of its next request, to a whole head."""
CONNECTIONS = 6_000
"""Of one process, sockets included; the next one is closed unheard."""

_Base: Any = AutoHTTPProtocol


class PatientOnlySoLong(_Base):  # type: ignore[misc]
    """uvicorn's protocol with a limit on the time for a request's head."""

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Start to count; close at once when there are too many."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            transport.close()
            return
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """A whole head ends the wait; the first bytes of the next one begin it again."""
        super().data_received(data)
        if self._asked():
            self._forget_timer()
        elif self._head_timer is None:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing to wait for any more."""
        self._forget_timer()
        super().connection_lost(exc)

    def _asked(self) -> bool:
        """Is a request being answered, or has the connection become a WebSocket?"""
        upgraded = self.transport.get_protocol() is not self
        return upgraded or (self.cycle is not None and not self.cycle.response_complete)

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def _too_late(self) -> None:
        self._head_timer = None
        if not self._asked() and not self.transport.is_closing():
            self.transport.close()

    def _forget_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
