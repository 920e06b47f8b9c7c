"""The driver of the local target: `Platform` spoken to the agent over its unix socket.

In come base.py's dataclasses, out go JSON requests. Called by the engine from worker threads;
each call opens a connection of its own and ends within its time limit, so that a driver holds no
state and may be made anew for every look.
"""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from platforms.base import (
    JobResult,
    JobSpec,
    Observation,
    PlatformRefused,
    PlatformUnavailable,
    ProbeResult,
    Routing,
    SlotSpec,
)
from platforms.local import protocol

READ_SECONDS = 10.0
"""How long the agent may take for an answer that only reads its memory."""

CHANGE_SECONDS = 30.0
"""How long for one that checks artefacts or stops processes."""

ANSWER_BYTES = 32 * 1024 * 1024
"""An answer that is larger is none: what says so much is broken, and must not fill the worker's memory."""
PIECE_BYTES = 64 * 1024


class LocalPlatform:
    """One environment in one region on this machine; implements `platforms.base.Platform`."""

    def __init__(self, environment: str, region: str, data_class: str, settings: Mapping[str, Any]) -> None:
        """Settings: `artifacts` (folder of artefact folders), `agent_socket`, `agent_token`, and
        optionally `ports` (edge component → public port), `metrics_port` and `bind` (address).

        Raises PlatformRefused (`invalid`) when one is missing or makes no sense.
        """
        folder = Path(_text(settings, "artifacts"))
        if not folder.is_absolute():
            raise PlatformRefused("invalid", f"The target's artifacts folder is not absolute: {folder}.")
        self._socket = _text(settings, "agent_socket")
        self._token = _text(settings, "agent_token")
        self._path = f"/v1/targets/{quote(environment, safe='')}/{quote(region, safe='')}/"
        self._target = {
            "data_class": data_class,
            "artifacts": str(folder),
            "ports": dict(settings.get("ports") or {}),
            "metrics_port": settings.get("metrics_port"),
            "bind": settings.get("bind", "127.0.0.1"),
        }

    def probe(self, slot: SlotSpec) -> ProbeResult:
        """Can this target run that slot? Changes nothing."""
        return protocol.read_probe(self._call("probe", CHANGE_SECONDS, slot=protocol.write_slot(slot)))

    def observe(self) -> Observation:
        """What is there now."""
        return protocol.read_observation(self._call("observe", READ_SECONDS))

    def ensure(self, fence: int, slot: SlotSpec) -> None:
        """Have these components; refused when an artefact is missing or is another one."""
        self._call("ensure", CHANGE_SECONDS, fence=fence, slot=protocol.write_slot(slot))

    def run_job(self, fence: int, slot: SlotSpec, job: JobSpec) -> JobResult:
        """Start the job if its key is new, and tell where it stands."""
        body = {"slot": protocol.write_slot(slot), "job": protocol.write_job(job)}
        return protocol.read_job_result(self._call("run_job", CHANGE_SECONDS, fence=fence, **body))

    def switch(self, fence: int, routing: Routing) -> None:
        """Have this routing; the proxy has taken the weights when this returns."""
        self._call("switch", CHANGE_SECONDS, fence=fence, routing=protocol.write_routing(routing))

    def retire(self, fence: int, slot: str) -> None:
        """Have that slot gone, once its requests in flight have ended."""
        self._call("retire", READ_SECONDS, fence=fence, slot=slot)

    def lines(self, slot: str, after: Mapping[str, int]) -> Sequence[tuple[str, int, str]]:
        """New output of the slot's components."""
        answer = self._call("lines", READ_SECONDS, slot=slot, after=dict(after))
        return [(component, position, text) for component, position, text in answer["lines"]]

    def by_hand(self, slot: str, who: str, reason: str = "") -> None:
        """Send all traffic and background work to that slot ("": to none) past the portal; leave the mark.

        Raises the target's fence, so that a run which did not look since is refused.
        """
        self._call("by_hand", CHANGE_SECONDS, slot=slot, who=who, reason=reason)

    def _call(self, verb: str, seconds: float, **body: object) -> dict[str, Any]:
        text = json.dumps({"target": self._target, **body})
        return self._request("POST", self._path + verb, seconds, text)

    def _request(self, method: str, path: str, seconds: float, text: str | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        connection = _UnixConnection(self._socket, seconds)
        try:
            connection.request(method, path, body=text, headers=headers)
            response = connection.getresponse()
            raw = _whole(response, time.monotonic() + seconds)
        except TimeoutError as error:
            raise PlatformUnavailable(f"The local agent did not answer within {seconds:g} s.") from error
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
            raise PlatformUnavailable(f"The local agent cannot be reached: {why}.") from error
        finally:
            connection.close()
        return _answer(response.status, raw)


def _whole(response: http.client.HTTPResponse, until: float) -> bytes:
    """The answer's body. Raises TimeoutError for one that dribbles on, PlatformUnavailable for a flood."""
    parts, size = [], 0
    while part := response.read1(PIECE_BYTES):
        parts.append(part)
        size += len(part)
        if size > ANSWER_BYTES:
            raise PlatformUnavailable(
                f"The local agent's answer has more than {ANSWER_BYTES // 1_048_576} MB; it was not read.",
                5.0,
            )
        if time.monotonic() > until:
            raise TimeoutError
    return b"".join(parts)


def _answer(status: int, raw: bytes) -> dict[str, Any]:
    """The agent's answer, or the error that it means."""
    try:
        answer = json.loads(raw)
        if status == 200:
            return dict(answer)
        if status == 409:
            raise PlatformRefused(str(answer["code"]), str(answer["reason"]))
        raise PlatformUnavailable(str(answer["reason"]), float(answer.get("retry_after", 2.0)))
    except (ValueError, KeyError, TypeError) as error:
        raise PlatformUnavailable(f"The local agent gave an unreadable answer ({status}).") from error


def _text(settings: Mapping[str, Any], key: str) -> str:
    value = settings.get(key)
    if not isinstance(value, str | Path) or not str(value):
        raise PlatformRefused("invalid", f"The target's setting {key} is missing.")
    return str(value)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("agent", timeout=seconds)
        self._unix_path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._unix_path)
