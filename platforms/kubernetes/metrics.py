"""What each colour served, as Prometheus counted it: cumulative counters by component and slot.

Without `metrics` in a target's settings nothing is told, and the judge says that nothing was measured. The
three queries are asked as one, so that requests, errors and latencies are those of one instant.
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
ASKED = "hmhp_asked"
"""The label that tells of each row of the answer which query it belongs to."""

_pool = urllib3.PoolManager(maxsize=together.AT_ONCE)

_apart: set[str] = set()
"""Servers that this process asks one query at a time: something like Prometheus, which knows no `or`."""

Counted = dict[tuple[str, str], float]
Rows = list[tuple[dict[str, str], float]]


def edges(metrics: Metrics | None, components: list[str]) -> tuple[EdgeStats, ...]:
    """The counters of these edge components; raises PlatformUnavailable when they cannot be had."""
    if metrics is None or not components:
        return ()
    rows = _rows(metrics)
    requests, errors = _counters(rows["requests"]), _counters(rows["errors"])
    latency = _buckets(rows["latency"])
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


def _rows(metrics: Metrics) -> dict[str, Rows]:
    """The answers of the three queries by their names."""
    queries = {"requests": metrics.requests, "errors": metrics.errors, "latency": metrics.latency}
    if metrics.url not in _apart and (found := _as_one(metrics, queries)):
        return found
    rows = together.each(partial(_ask, metrics, query) for query in queries.values())
    if any(rows):
        _apart.add(metrics.url)
    return dict(zip(queries, rows, strict=True))


def _as_one(metrics: Metrics, queries: dict[str, str]) -> dict[str, Rows]:
    """The same, asked at once; empty where the server does not take it so, or has counted nothing yet."""
    named = (f'label_replace((\n{query}\n), "{ASKED}", "{name}", "", "")' for name, query in queries.items())
    try:
        answer = _ask(metrics, " or ".join(named))
    except _NotTaken:
        return {}
    rows: dict[str, Rows] = {name: [] for name in queries}
    for labels, value in answer:
        if labels.get(ASKED) not in rows:
            return {}
        rows[labels[ASKED]].append((labels, value))
    return rows if answer else {}


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
            raise _NotTaken(f"Prometheus answers {response.status}: {answer.get('error', '')}.")
        rows = [(row["metric"], float(row["value"][1])) for row in answer["data"]["result"]]
    except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError, OSError) as error:
        raise PlatformUnavailable(f"Prometheus cannot be asked: {error}.") from error
    return [(labels, value) for labels, value in rows if math.isfinite(value)]


class _NotTaken(PlatformUnavailable):
    """The server answers, but not this."""
