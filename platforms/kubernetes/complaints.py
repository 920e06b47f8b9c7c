"""What nodes complain of about pods that do not begin: a volume or a network that cannot be had.

A pod's status says nothing of that, only Events do. They are asked for when a pod has not begun for a while,
once an observation.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from platforms.base import PlatformRefused
from platforms.kubernetes import names
from platforms.kubernetes.target import Target

JSON = dict[str, Any]
PATIENCE_SECONDS = 5.0
"""So long a pod may take to begin before anybody is asked why."""

MOST_EVENTS = 500


class Complaints:
    """The newest warning of each pod of a target, read when the first is asked for."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._found: dict[str, str] | None = None

    def of(self, pod: JSON) -> str:
        """The newest warning about this pod; empty while it is young, and where Events may not be read."""
        metadata = pod["metadata"]
        made = datetime.fromisoformat(str(metadata.get("creationTimestamp") or "9999-01-01T00:00:00Z"))
        if (datetime.now(UTC) - made).total_seconds() < PATIENCE_SECONDS:
            return ""
        if self._found is None:
            self._found = self._warnings()
        return self._found.get(str(metadata.get("uid")), "")

    def _warnings(self) -> dict[str, str]:
        chosen, target = "type=Warning,involvedObject.kind=Pod", self._target
        try:
            found = target.api.list(names.EVENT, target.namespace, fieldSelector=chosen, limit=MOST_EVENTS)
        except PlatformRefused:
            return {}  # a Role from before this right: the reason stays what the status says
        return {
            str(item["involvedObject"].get("uid")): str(item.get("message") or "")
            for item in sorted(found["items"], key=_moment)
        }


def _moment(event: JSON) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")
