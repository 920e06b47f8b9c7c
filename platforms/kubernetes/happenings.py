"""What people of the cluster see with `kubectl describe` and `kubectl get events`: what the portal did.

Told beside the act and never in its way: nobody waits for an Event, and one that cannot be written is
left out.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from platforms.base import PlatformError
from platforms.kubernetes import names, together
from platforms.kubernetes.target import Target

JSON = dict[str, Any]


def tell(target: Target, item: JSON, reason: str, sentence: str) -> None:
    """Have an Event on this object, soon."""
    metadata = item["metadata"]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    subject = {
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "name": metadata["name"],
        "namespace": target.namespace,
        "uid": metadata.get("uid", ""),
    }
    body: JSON = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name'][:200]}.{secrets.token_hex(8)}", "labels": target.labels},
        "involvedObject": subject,
        "reason": reason,
        "message": sentence[:1000],
        "type": "Normal",
        "source": {"component": names.FIELD_MANAGER},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    together.aside(lambda: _write(target, body))


def _write(target: Target, body: JSON) -> None:
    with suppress(PlatformError):
        target.api.create(names.EVENT, target.namespace, body)
