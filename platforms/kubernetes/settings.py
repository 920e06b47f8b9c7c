"""What a Kubernetes target needs: its settings in the platform file, checked.

In comes the mapping of the platform file with what the installation adds, out goes `ClusterSettings`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from platforms.base import PlatformRefused

KNOWN = frozenset(
    {
        "namespace",
        "kubeconfig",
        "context",
        "in_cluster",
        "server",
        "token_file",
        "ca_file",
        "proxy",
        "proxy_required",
        "gateway",
        "hostnames",
        "addresses",
        "metrics",
        "images",
        "timeout_seconds",
        "helm",
    }
)
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Gateway:
    """The Gateway to which the edge's routes are attached."""

    name: str
    namespace: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Metrics:
    """A Prometheus server and the counters of what each colour served, per component and slot.

    Each query answers with the labels `component` and `slot`; `latency` also with `le` in seconds.
    """

    url: str
    requests: str
    errors: str
    latency: str
    token_file: str = ""


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """One target. `proxy` is how the cluster is reached; `timeout_seconds` bounds each call."""

    namespace: str
    kubeconfig: str = ""
    context: str = ""
    in_cluster: bool = False
    server: str = ""
    token_file: str = ""
    ca_file: str = ""
    proxy: str = ""
    gateway: Gateway | None = None
    hostnames: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    metrics: Metrics | None = None
    timeout_seconds: float = 5.0

    @property
    def connection_key(self) -> tuple[str, ...]:
        """Targets with the same key share a connection."""
        where = (self.kubeconfig, self.context, str(self.in_cluster), self.server)
        return (*where, self.token_file, self.ca_file, self.proxy, str(self.timeout_seconds))


def read_settings(raw: Mapping[str, Any]) -> ClusterSettings:
    """The settings of a target; raises PlatformRefused (`invalid`) with every problem in one sentence."""
    problems = problems_of(raw)
    if problems:
        raise PlatformRefused("invalid", " ".join(problems))
    return ClusterSettings(
        namespace=raw["namespace"],
        kubeconfig=str(raw.get("kubeconfig") or ""),
        context=str(raw.get("context") or ""),
        in_cluster=raw.get("in_cluster") is True,
        server=str(raw.get("server") or "").rstrip("/"),
        token_file=str(raw.get("token_file") or ""),
        ca_file=str(raw.get("ca_file") or ""),
        proxy=str(raw.get("proxy") or ""),
        gateway=_gateway(raw.get("gateway")),
        hostnames={name: tuple(hosts) for name, hosts in (raw.get("hostnames") or {}).items()},
        addresses=dict(raw.get("addresses") or {}),
        metrics=_metrics(raw.get("metrics"), raw["namespace"]),
        timeout_seconds=float(raw.get("timeout_seconds", 5.0)),
    )


def problems_of(raw: Mapping[str, Any]) -> list[str]:
    """What is wrong with a target's settings, as sentences; empty when they can be used."""
    problems = [f"The target has an unknown setting {key}." for key in sorted(set(raw) - KNOWN)]
    if not _NAME.fullmatch(str(raw.get("namespace") or "")):
        problems.append("The target needs its namespace: small letters, digits and dashes.")
    ways = [key for key in ("kubeconfig", "in_cluster", "server") if raw.get(key)]
    if len(ways) != 1:
        problems.append("The target needs one of kubeconfig, in_cluster and server, which say where it is.")
    if raw.get("server"):
        problems += _server_problems(raw)
    if raw.get("proxy_required") and not raw.get("proxy"):
        problems.append("This environment is reached through its proxy only, and no proxy is set.")
    if raw.get("proxy") and urlsplit(str(raw["proxy"])).scheme not in ("http", "https"):
        problems.append("The proxy must be an address with http:// or https://.")
    timeout = raw.get("timeout_seconds", 5.0)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0.5 <= timeout <= 60:
        problems.append("timeout_seconds must be a number from 0.5 to 60.")
    gateway = raw.get("gateway")
    if gateway is not None and not (isinstance(gateway, Mapping) and isinstance(gateway.get("name"), str)):
        problems.append("The gateway must be a mapping with its name.")
    metrics = raw.get("metrics")
    if metrics is not None and not (isinstance(metrics, Mapping) and isinstance(metrics.get("url"), str)):
        problems.append("The metrics must be a mapping with the url of a Prometheus server.")
    return problems


def _server_problems(raw: Mapping[str, Any]) -> list[str]:
    found = []
    if urlsplit(str(raw["server"])).scheme != "https":
        found.append("The server must be an address with https://: TLS is always verified.")
    if not raw.get("token_file") or not raw.get("ca_file"):
        found.append("A server needs token_file and ca_file.")
    return found


def _gateway(raw: Any) -> Gateway | None:
    if not raw:
        return None
    return Gateway(str(raw["name"]), str(raw.get("namespace") or ""), str(raw.get("section") or ""))


def _metrics(raw: Any, namespace: str) -> Metrics | None:
    if not raw:
        return None
    chosen = f'namespace="{namespace}"'
    by = "sum by (component, slot)"
    return Metrics(
        url=str(raw["url"]).rstrip("/"),
        requests=str(raw.get("requests") or f"{by} (http_requests_total{{{chosen}}})"),
        errors=str(raw.get("errors") or f'{by} (http_requests_total{{{chosen},code=~"5.."}})'),
        latency=str(
            raw.get("latency")
            or f"sum by (component, slot, le) (http_request_duration_seconds_bucket{{{chosen}}})"
        ),
        token_file=str(raw.get("token_file") or ""),
    )
