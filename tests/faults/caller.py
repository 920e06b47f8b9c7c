"""A caller that does not give up: each write has a key of its own and is sent until it is answered."""

from __future__ import annotations

import http.client
import itertools
import time
from collections.abc import Callable
from typing import Any

from tests.e2e.authenticator import App
from tests.e2e.rest_client import RestClient

PATIENCE_SECONDS = 180.0
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
NOT_YET = ("idempotency-key-in-use", "one-time-code-refused")
"""A code is used up by the attempt whose answer was lost: the next one is sent."""
_numbers = itertools.count(1)


class Stuck(Exception):
    """The portal did not answer, or not as it should, for longer than a fault may cost."""


class PatientCaller:
    """One person or pipeline with a token; `unforeseen` counts answers that no fault excuses (500).

    Who has an `app` proves with its code what binds (signing, deciding).
    """

    def __init__(self, portal: str, token: str, app: App | None = None) -> None:
        self.app = app
        self.token = token
        self._client = RestClient(portal, token)
        self.unforeseen: list[str] = []
        self._lost = False

    def ok(self, method: str, path: str, body: Any = None, *, coded: bool = False) -> Any:
        """The answer of a call that must succeed in the end. Raises Stuck.

        A refusal of a repeat, after an answer that was lost, says that the first one had been taken.
        """
        status, answer = self.call(method, path, body, coded=coded)
        if status == 409 and self._lost and "deploy" not in path:
            return answer
        if status >= 300:
            raise Stuck(f"{method} {path}: {status} {answer}")
        return answer

    def call(self, method: str, path: str, body: Any = None, *, coded: bool = False) -> tuple[int, Any]:
        """Status and answer, sent again under its key until there is one that says something."""
        headers = {} if method == "GET" else {"Idempotency_Key": f"storm-{next(_numbers)}-{time.time_ns()}"}
        limit = time.monotonic() + PATIENCE_SECONDS
        last, self._lost = "", False
        while time.monotonic() < limit:
            if coded and self.app is not None:
                headers["Portal_One_Time_Code"] = self.app.code()
            try:
                status, answer = self._client.call(method, path, body, **headers)
            except (OSError, http.client.HTTPException, ValueError) as error:
                last, self._lost = repr(error), True
            else:
                kind = str((answer or {}).get("type", "")) if isinstance(answer, dict) else ""
                if status not in AGAIN and not any(word in kind for word in NOT_YET):
                    return status, answer
                last = f"{status} {answer}"
                if status == 500:
                    self.unforeseen.append(f"{method} {path}: {answer}")
            time.sleep(0.3)
        raise Stuck(f"{method} {path} was not answered within {PATIENCE_SECONDS:g} s: {last}")

    def wait(self, path: str, until: Callable[[Any], bool], seconds: float = PATIENCE_SECONDS) -> Any:
        """Ask again until the answer is as wanted. Raises Stuck."""
        limit = time.monotonic() + seconds
        while True:
            answer = self.ok("GET", path)
            if until(answer):
                return answer
            if time.monotonic() > limit:
                raise Stuck(
                    f"{path} within {seconds:g} s: {answer.get('state')} {answer.get('sentence', '')}"
                )
            time.sleep(0.3)
