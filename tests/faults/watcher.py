"""A page's socket through all weather: it comes back with `after` and keeps what it was told."""

from __future__ import annotations

import json
import threading

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

PAUSE_SECONDS = 0.3


class Watcher(threading.Thread):
    """Follows one run from its first line; `seen` is every position, in the order of arrival."""

    def __init__(self, portal: str, cookie: str, run: int) -> None:
        super().__init__(daemon=True, name=f"watcher-{run}")
        self.run_id = run
        self.seen: list[int] = []
        self.reconnected = 0
        self.refused: list[int] = []
        self._portal = portal
        self._cookie = cookie
        self._over = threading.Event()

    def end(self) -> None:
        """Watch no more."""
        self._over.set()
        self.join(10)

    def run(self) -> None:
        """Until `end`."""
        while not self._over.is_set():
            try:
                self._follow()
            except (OSError, WebSocketException, TimeoutError, ValueError):
                self.reconnected += 1
            self._over.wait(PAUSE_SECONDS)

    def _follow(self) -> None:
        after = self.seen[-1] if self.seen else 0
        address = self._portal.replace("http", "ws", 1) + f"/ws/deployments/{self.run_id}/?after={after}"
        headers = {"Cookie": f"hmhp_session={self._cookie}"}
        with connect(address, additional_headers=headers, origin=self._portal, open_timeout=10) as socket:  # type: ignore[arg-type]
            while not self._over.is_set():
                frame = json.loads(socket.recv(timeout=10))
                self.seen += [int(line["seq"]) for line in frame.get("lines", ())]
