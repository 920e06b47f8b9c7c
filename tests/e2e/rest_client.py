"""A client as pipelines have one: a token, JSON, and patience. And visitors for what is deployed."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from typing import Any


class RestClient:
    """One caller of one portal."""

    def __init__(self, portal: str, token: str) -> None:
        self._root = f"{portal}/api/v1/"
        self.token = token

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and body of one call."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._root + path, data, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null")

    def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The body of a call that must succeed."""
        status, answer = self.call(method, path, body, **headers)
        assert status < 300, f"{method} {path}: {status} {json.dumps(answer, indent=1)}"
        return answer

    def wait(self, path: str, until: Callable[[Any], bool], seconds: float = 120) -> Any:
        """Ask again until the answer is as wanted."""
        limit = time.monotonic() + seconds
        while True:
            answer = self.ok("GET", path)
            if until(answer):
                return answer
            assert time.monotonic() < limit, f"not within {seconds} s: {json.dumps(answer, indent=1)[:4000]}"
            time.sleep(0.5)


class Visitors:
    """A steady stream of requests to one address, counted by status and by the text of the answer."""

    def __init__(self, address: str, per_second: float = 10.0) -> None:
        self.statuses: Counter[int] = Counter()
        self.texts: Counter[str] = Counter()
        self._address = address
        self._pause = 1.0 / per_second
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._visit, daemon=True)

    def __enter__(self) -> Visitors:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(20)

    def _visit(self) -> None:
        while not self._end.wait(self._pause):
            try:
                with urllib.request.urlopen(self._address, timeout=15) as answer:
                    self.statuses[answer.status] += 1
                    self.texts[answer.read().decode()] += 1
            except urllib.error.HTTPError as failed:
                self.statuses[failed.code] += 1
            except OSError:
                self.statuses[0] += 1
