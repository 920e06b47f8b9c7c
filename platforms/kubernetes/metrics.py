"""What each colour served, as Prometheus counted it: cumulative counters by component and slot.

Without `metrics` in a target's settings nothing is told, and the judge says that nothing was measured.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import urllib3
from urllib3.util import Timeout

from platforms.base import EdgeStats, PlatformUnavailable
from platforms.kubernetes import together
from platforms.kubernetes.settings import Metrics

SECONDS = 3.0
_pool = urllib3.PoolManager(maxsize=together.AT_ONCE)

Counted = dict[tuple[str, str], float]
Rows = list[tuple[dict[str, str], float]]


def edges(metrics: Metrics | None, components: list[str]) -> tuple[EdgeStats, ...]:
    """The counters of these edge components; raises PlatformUnavailable when they cannot be had."""
    if metrics is None or not components:
        return ()
    rows = together.each(
        partial(_ask, metrics, query) for query in (metrics.requests, metrics.errors, metrics.latency)
    )
    requests, errors, latency = _counters(rows[0]), _counters(rows[1]), _buckets(rows[2])
    return tuple(
        EdgeStats(
            component=component,
            slot=slot,
            requests=int(count),
            errors=int(errors.get((component, slot), 0)),
            latency_ms=latency.get((component, slot), {}),
        )
        for (component, slot), count in sorted(requests.items())
        if component in components
    )


def _counters(rows: Rows) -> Counted:
    found: Counted = {}
    for labels, value in rows:
        found[labels.get("component", ""), labels.get("slot", "")] = value
    return found


def _buckets(rows: Rows) -> dict[tuple[str, str], dict[float, int]]:
    """Upper bound in milliseconds to count; Prometheus tells seconds."""
    found: dict[tuple[str, str], dict[float, int]] = defaultdict(dict)
    for labels, value in rows:
        bound = float(labels.get("le", "inf").replace("+Inf", "inf"))
        found[labels.get("component", ""), labels.get("slot", "")][bound * 1000] = int(value)
    return found


def _ask(metrics: Metrics, query: str) -> Rows:
    headers = {}
    if metrics.token_file:
        headers["Authorization"] = f"Bearer {Path(metrics.token_file).read_text().strip()}"
    try:
        response = _pool.request(
            "GET", f"{metrics.url}/api/v1/query", fields={"query": query}, headers=headers,
            timeout=Timeout(total=SECONDS), retries=False, redirect=False,
        )  # fmt: skip
        answer: Any = json.loads(response.data)
        if response.status != 200 or answer.get("status") != "success":
            raise PlatformUnavailable(f"Prometheus answers {response.status}: {answer.get('error', '')}.")
        rows = [(row["metric"], float(row["value"][1])) for row in answer["data"]["result"]]
    except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError, OSError) as error:
        raise PlatformUnavailable(f"Prometheus cannot be asked: {error}.") from error
    return [(labels, value) for labels, value in rows if math.isfinite(value)]
