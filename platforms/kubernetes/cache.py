"""What is in a namespace, kept up to date by watches, so that a look costs one call instead of many.

One thread watches one kind of one environment's objects: list, then follow, list again when the server
says that the version is too old, and every few minutes in any case. While a watch cannot be kept the
view is not given out: an old view looks like a healthy one. Threads end when nobody asks any more.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

from platforms.base import PlatformError, PlatformRefused, PlatformUnavailable
from platforms.kubernetes.api import Api
from platforms.kubernetes.names import HOLD, Kind
from platforms.kubernetes.refusals import Gone, Missing

JSON = dict[str, Any]
WATCH_SECONDS = 50
RESYNC_SECONDS = 300.0
IDLE_SECONDS = 120.0
LONGEST_PAUSE = 4.0
ASK_SECONDS = 0.2
WRITERS = "writers"
"""Under this name an object's metadata keeps who wrote it, in place of the long list of fields."""
HOLDER = "holder"
"""Under this one who put the annotation there that holds the portal."""


class Watched:
    """All objects of one kind with these labels in one namespace."""

    def __init__(self, api: Api, kind: Kind, namespace: str, labels: str) -> None:
        self._api, self._kind, self._namespace, self._labels = api, kind, namespace, labels
        self._lock = threading.Condition()
        self._changes = 0
        self._objects: dict[str, JSON] = {}
        self._put_at: dict[str, float] = {}
        self._error: PlatformError | None = None
        self._synced = threading.Event()
        self._asked_at = time.monotonic()
        name = f"watch-{kind.plural}-{namespace}"
        self._thread = threading.Thread(target=self._follow, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """False once nobody asked for so long that the thread has ended."""
        return self._thread.is_alive()

    def objects(self, seconds: float) -> list[JSON]:
        """The objects as they are now; waits for the first list. Raises what keeps the watch from working."""
        self._asked_at = time.monotonic()
        self._synced.wait(seconds)
        with self._lock:
            if self._error is not None:
                raise self._error
            if not self._synced.is_set():
                raise PlatformUnavailable(f"The list of {self._kind.plural} did not come in time.")
            return list(self._objects.values())

    def named(self, name: str, seconds: float) -> JSON | None:
        """The object of that name as it was last seen, or None; raises as `objects` does."""
        return next((item for item in self.objects(seconds) if item["metadata"]["name"] == name), None)

    def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait until it holds, asked anew after each change; False when that much time went by before.

        No lock is held while it is asked, so that it may look at other watches, whose changes are seen within
        ASK_SECONDS. What it raises is raised.
        """
        deadline = time.monotonic() + seconds
        while True:
            known = self._changes
            if holds():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self._lock:
                self._lock.wait_for(lambda: self._changes != known, min(left, ASK_SECONDS))  # noqa: B023

    def put(self, found: JSON) -> None:
        """What a call of our own has just answered, before the watch tells it too."""
        with self._lock:
            self._keep(found)
            self._put_at[found["metadata"]["name"]] = time.monotonic()
            self._tell()

    def just_put(self, name: str, seconds: float) -> JSON | None:
        """The object of that name if a call of our own was answered with it so lately; None else."""
        with self._lock:
            if time.monotonic() - self._put_at.get(name, 0.0) > seconds or self._error is not None:
                return None
            return self._objects.get(name)

    def forget(self, name: str) -> None:
        """What a call of our own has just deleted."""
        with self._lock:
            self._objects.pop(name, None)
            self._tell()

    def _tell(self) -> None:
        """Wake whoever waits for a change; called under the lock."""
        self._changes += 1
        self._lock.notify_all()

    def _follow(self) -> None:
        pause = 0.2
        while time.monotonic() - self._asked_at < IDLE_SECONDS:
            try:
                version = self._list()
                pause = 0.2
                self._watch(version)
            except Gone:
                continue
            except Missing:
                text = f"The cluster does not know {self._kind.kind} ({self._kind.api_version})."
                self._failed(PlatformRefused("invalid", text))
            except PlatformError as error:
                self._failed(error)
            except Exception as error:  # a fault of ours must not end in an old view that looks fresh
                self._failed(PlatformUnavailable(f"The watch failed: {type(error).__name__}: {error}."))
            if self._error is not None:
                time.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)

    def _list(self) -> str:
        found = self._api.list(self._kind, self._namespace, self._labels)
        version = str(found["metadata"]["resourceVersion"])
        own = {"kind": self._kind.kind, "apiVersion": self._kind.api_version}  # left out in a list
        with self._lock:
            newer = {n: o for n, o in self._objects.items() if _version(o) > int(version)}
            listed = {item["metadata"]["name"]: _slim(item | own) for item in found["items"]}
            self._objects = {**listed, **newer}
            self._error = None
            self._synced.set()
            self._tell()
        return version

    def _watch(self, version: str) -> None:
        began = time.monotonic()
        while time.monotonic() - began < RESYNC_SECONDS:
            if time.monotonic() - self._asked_at > IDLE_SECONDS:
                return
            for what, item in self._api.watch(
                self._kind, self._namespace, self._labels, version, WATCH_SECONDS
            ):
                version = str(item["metadata"]["resourceVersion"])
                if what == "BOOKMARK":
                    continue
                with self._lock:
                    if what == "DELETED":
                        self._objects.pop(item["metadata"]["name"], None)
                    else:
                        self._keep(item)
                    self._tell()

    def _keep(self, found: JSON) -> None:
        name = found["metadata"]["name"]
        known = self._objects.get(name)
        if known is None or _version(found) >= _version(known):
            self._objects[name] = _slim(found)

    def _failed(self, error: PlatformError) -> None:
        with self._lock:
            self._error = error
            self._synced.set()
            self._tell()


def _version(item: JSON) -> int:
    return int(item["metadata"].get("resourceVersion") or 0)


def _slim(item: JSON) -> JSON:
    """Without who wrote which field, but with who wrote last: most of an object's bytes are that."""
    metadata = dict(item["metadata"])
    fields = metadata.pop("managedFields", None) or []
    metadata[WRITERS] = [
        {"manager": f.get("manager"), "time": f.get("time")} for f in fields if not f.get("subresource")
    ]
    if HOLD in (metadata.get("annotations") or {}):
        metadata[HOLDER] = writer_of(item, HOLD)
    return {**item, "metadata": metadata}


def writer_of(item: JSON, annotation: str) -> JSON | None:
    """Who wrote that annotation last, and when: `manager` and `time`; None when the server does not tell."""
    for entry in item["metadata"].get("managedFields") or []:
        told = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:annotations") or {}
        if f"f:{annotation}" in told:
            return {"manager": entry.get("manager"), "time": entry.get("time")}
    return None


_watched: dict[tuple[Any, ...], Watched] = {}
_watched_lock = threading.Lock()


def watched(api: Api, key: tuple[str, ...], kind: Kind, namespace: str, labels: str) -> Watched:
    """This process's watch of that kind; begun when it is first asked for, and after a fork anew."""
    whole = (os.getpid(), key, kind, namespace, labels)
    with _watched_lock:
        found = _watched.get(whole)
        if found is None or not found.alive:
            found = _watched[whole] = Watched(api, kind, namespace, labels)
        return found
