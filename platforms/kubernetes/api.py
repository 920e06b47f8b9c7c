"""Calls to the API server: one method each, bounded in time, counted, errors turned into ours.

In come paths and plain objects, out go plain objects. Called by every other module of the driver.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import urlencode

import urllib3

from platforms.base import PlatformRefused, PlatformUnavailable
from platforms.kubernetes.connection import Connection
from platforms.kubernetes.names import FIELD_MANAGER, Kind
from platforms.kubernetes.refusals import Conflict, Gone, Missing, raise_for

JSON = dict[str, Any]
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
MOST_BYTES = 64 * 1024 * 1024

calls: Counter[str] = Counter()
"""Calls that this process has made, by verb and kind; for benchmarks."""
_counting = threading.Lock()


class Api:
    """One cluster; every call may raise PlatformUnavailable or PlatformRefused."""

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds

    def get(self, path: str, **query: Any) -> JSON:
        """The object or list at that path; raises Missing."""
        return self._json("GET", path, query=query)

    def find(self, path: str) -> JSON | None:
        """The object at that path, or None."""
        try:
            return self.get(path)
        except Missing:
            return None

    def list(self, kind: Kind, namespace: str, labels: str = "", **query: Any) -> JSON:
        """All objects of a kind in a namespace that carry these labels, with the list's version."""
        return self.get(kind.path(namespace), labelSelector=labels, **query)

    def create(self, kind: Kind, namespace: str, body: JSON) -> JSON:
        """Create it; raises Conflict when there is one of that name."""
        query = {"fieldManager": FIELD_MANAGER}
        return self._json("POST", kind.path(namespace), body=body, query=query)

    def post(self, path: str, body: JSON) -> JSON:
        """Make something that lies in no namespace, or ask for a review; raises Conflict and Missing."""
        return self._json("POST", path, body=body, query={"fieldManager": FIELD_MANAGER})

    def remove(self, path: str) -> None:
        """Have what lies at that path gone; no harm when it is gone already."""
        try:
            self._json("DELETE", path, body={"propagationPolicy": "Background"})
        except (Missing, Conflict):
            return

    def replace(self, kind: Kind, namespace: str, body: JSON) -> JSON:
        """Put it in place of the one with its resourceVersion; raises Conflict for another one."""
        path = kind.path(namespace, body["metadata"]["name"])
        return self._json("PUT", path, body=body, query={"fieldManager": FIELD_MANAGER})

    def apply(
        self, kind: Kind, namespace: str, body: JSON, *, dry_run: bool = False, force: bool = False
    ) -> JSON:
        """Server-side apply as our field manager; a field of somebody else is a refusal, unless `force`."""
        query: JSON = {"fieldManager": FIELD_MANAGER, "force": str(force).lower()}
        if dry_run:
            query["dryRun"] = "All"
        path = kind.path(namespace, body["metadata"]["name"])
        return self._json("PATCH", path, body=body, query=query, media=APPLY)

    def merge(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        body: JSON,
        subresource: str = "",
        *,
        dry_run: bool = False,
    ) -> JSON:
        """Merge these fields; with a resourceVersion in them raises Conflict when it is another one."""
        path = kind.path(namespace, name) + (f"/{subresource}" if subresource else "")
        query = {"fieldManager": FIELD_MANAGER, "dryRun": "All" if dry_run else ""}
        return self._json("PATCH", path, body=body, query=query, media=MERGE)

    def delete(self, kind: Kind, namespace: str, name: str, uid: str = "") -> None:
        """Have it gone, what it owns first; no harm when it is gone already."""
        body: JSON = {"propagationPolicy": "Background"}
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            self._json("DELETE", kind.path(namespace, name), body=body)
        except (Missing, Conflict):
            return

    def delete_all(self, kind: Kind, namespace: str, labels: str) -> None:
        """Have all objects of a kind with these labels gone; no harm when there are none."""
        query = {"labelSelector": labels, "propagationPolicy": "Background"}
        try:
            self._json("DELETE", kind.path(namespace), query=query)
        except Missing:
            return

    def text(self, path: str, **query: Any) -> str:
        """An answer that is no JSON: a pod's log."""
        return self._send("GET", path, query, None, "").decode("utf-8", "replace")

    def watch(
        self, kind: Kind, namespace: str, labels: str, version: str, seconds: int
    ) -> Iterator[tuple[str, JSON]]:
        """Changes since that version, with bookmarks, until the server ends the watch; raises Gone."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "labelSelector": labels,
            "resourceVersion": version,
            "timeoutSeconds": seconds,
        }
        _count("WATCH", kind.path(namespace))
        timeout = urllib3.Timeout(connect=self._seconds, read=seconds + 10)
        response = self._open("GET", kind.path(namespace), query, None, "", timeout, stream=True)
        try:
            if response.status >= 400:
                self._refuse(response.status, response.read(), response.headers)
            for line in _lines(response):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    code = int(event["object"].get("code", 500))
                    raise_for(code, json.dumps(event["object"]).encode(), {})
                yield event["type"], event["object"]
        except (urllib3.exceptions.HTTPError, ValueError, OSError) as error:
            raise PlatformUnavailable(f"The watch of {kind.plural} broke: {error}.") from error
        finally:
            response.close()

    def _json(
        self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None,
        media: str = "application/json",
    ) -> JSON:  # fmt: skip
        raw = self._send(method, path, query, body, media)
        try:
            found = json.loads(raw)
        except ValueError as error:
            raise PlatformUnavailable("The API server gave an unreadable answer.") from error
        return dict(found)

    def _send(self, method: str, path: str, query: Any, body: Any, media: str) -> bytes:
        _count(method, path)
        timeout = urllib3.Timeout(connect=self._seconds, read=max(self._seconds, 10.0))
        for attempt in (1, 2):
            response = self._open(method, path, query, body, media, timeout)
            if response.status == 401 and attempt == 1:
                self._connection.open()
                continue
            break
        if response.status >= 400:
            self._refuse(response.status, response.data, response.headers)
        data: bytes = response.data
        return data

    def _refuse(self, status: int, body: bytes, headers: Mapping[str, str]) -> NoReturn:
        """Raise what the answer means.

        A no to our rights counts from a server that is ready only: one that has just begun knows no roles
        yet and forbids everything, which must not fail a run.
        """
        try:
            raise_for(status, body, headers)
        except PlatformRefused as error:
            if error.code != "forbidden" or self._ready():
                raise
            text = f"{error.reason} The API server does not say that it is ready, so it is asked again."
            raise PlatformUnavailable(text, 2.0) from error

    def _ready(self) -> bool:
        try:
            timeout = urllib3.Timeout(self._seconds)
            return bool(self._open("GET", "/readyz", None, None, "", timeout).status == 200)
        except PlatformUnavailable:
            return False

    def _open(
        self, method: str, path: str, query: Any, body: Any, media: str, timeout: Any, stream: bool = False
    ) -> Any:
        address = self._connection.host + path
        fields = {k: v for k, v in (query or {}).items() if v not in ("", None)}
        if fields:
            address += "?" + urlencode(fields)
        headers = {"Accept": "application/json", "User-Agent": FIELD_MANAGER, **self._connection.headers()}
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), media or "application/json"
        try:
            return self._connection.pool.request(
                method, address, body=data, headers=headers, timeout=timeout, retries=False,
                redirect=False, preload_content=not stream,
            )  # fmt: skip
        except urllib3.exceptions.SSLError as error:
            if isinstance(_innermost(error), ssl.SSLEOFError | ssl.SSLZeroReturnError):
                raise PlatformUnavailable("The API server closed the connection as it began.") from error
            raise PlatformUnavailable(
                f"The API server's certificate is not good: {_why(error)}; an administrator must renew it, "
                "or give the portal the authority that signed it.",
                30,
            ) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise PlatformUnavailable(f"The API server cannot be reached: {_why(error)}.") from error


def _count(method: str, path: str) -> None:
    parts = [part for part in path.split("/") if part]
    at = parts.index("namespaces") + 2 if "namespaces" in parts else len(parts) - 1
    with _counting:
        calls[f"{method} {parts[at] if at < len(parts) else parts[-1]}"] += 1


def _lines(response: Any) -> Iterator[bytes]:
    buffer = b""
    for chunk in response.stream(65_536, decode_content=True):
        buffer += chunk
        *whole, buffer = buffer.split(b"\n")
        yield from (line for line in whole if line)
        if len(buffer) > MOST_BYTES:
            raise ValueError("a line without end")


def _innermost(error: BaseException) -> BaseException:
    while error.__cause__ is not None or error.__context__ is not None:
        inner = error.__cause__ or error.__context__
        if inner is None or inner is error:
            break
        error = inner
    return error


def _why(error: BaseException) -> str:
    """The innermost cause, which says more than the layers around it."""
    error = _innermost(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")


__all__ = ["Api", "Conflict", "Gone", "Missing", "PlatformRefused", "calls"]
