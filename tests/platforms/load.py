"""Foreign load on an edge: clients that keep their connection, some their cookie too.

Nothing is tried again, so that every failed or dropped request is seen. Used by tests.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from types import TracebackType

CLIENTS = 20


class Load:
    """`rate` requests a second from several clients for as long as the block lasts."""

    def __init__(self, edge: str, rate: float, path: str = "/") -> None:
        self._edge = edge
        self._pause = CLIENTS / rate
        self._path = path
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self.answers: Counter[str] = Counter()
        self.slots: Counter[str] = Counter()
        self._threads = [threading.Thread(target=self._client, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()

    @property
    def total(self) -> int:
        """Requests so far, whatever came of them."""
        return sum(self.answers.values())

    def _client(self, number: int) -> None:
        """One client: a third keep their cookie, a third open a new connection each time."""
        connection = http.client.HTTPConnection(self._edge, timeout=15)
        cookie = ""
        due = time.monotonic() + number * self._pause / CLIENTS
        while not self._ending.wait(max(0.0, due - time.monotonic())):
            due += self._pause
            try:
                connection.request("GET", self._path, headers={"Cookie": cookie} if cookie else {})
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self._note(f"dropped: {type(error).__name__}", "")
                connection.close()
                continue
            self._note(str(answer.status), answer.headers.get("X-HMHP-Slot", ""))
            if number % 3 == 0:
                cookie = answer.headers.get("Set-Cookie", cookie).partition(";")[0]
            elif number % 3 == 1:
                connection.close()
        connection.close()

    def _note(self, answer: str, slot: str) -> None:
        with self._lock:
            self.answers[answer] += 1
            self.slots[slot] += 1
