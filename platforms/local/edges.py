"""The public side of one target: which ports its edge components have, and who is behind them.

In come slots and the wanted weights, out go the proxy's table, addresses and counters. Called by
`targets.py`; the proxy itself is kept by `proxies.py`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from platforms.base import PlatformError, PlatformRefused, PlatformUnavailable, SlotSpec
from platforms.local import protocol
from platforms.local.ports import free_port, listen
from platforms.local.proxies import Proxy
from platforms.local.proxy.control import METRICS
from platforms.local.slots import RunningSlot
from platforms.local.state import Wanted

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.1
RESTORE_SECONDS = 2.0


class Edges:
    """Listeners and routes of one target."""

    def __init__(
        self, wanted: Wanted, environment: str, region: str, folder: Path, mark: str, taken: set[int]
    ) -> None:
        self._wanted = wanted
        self._taken = taken
        self._new_proxy = partial(Proxy, environment, region, folder, mark)
        self.proxy = self._new_proxy()

    def settle(self, settings: Mapping[str, Any]) -> None:
        """Ports and address as the platform file wants them. Raises PlatformRefused (`invalid`)."""
        ports = protocol.mapping(settings.get("ports") or {}, "ports")
        self._wanted.ports = {
            component: protocol.number(port, f"the port of {component}", 1, 65_535)
            for component, port in ports.items()
        }
        metrics = settings.get("metrics_port")
        if metrics is not None:
            protocol.number(metrics, "metrics_port", 1, 65_535)
        self._wanted.metrics_port = metrics
        self._wanted.bind = str(settings.get("bind") or "127.0.0.1")

    def problems(self, slot: SlotSpec) -> list[str]:
        """Sentences on ports that the slot would need and cannot have."""
        found = []
        for component in slot.components:
            port = self._wanted.ports.get(component.name)
            if not component.edge or port is None or component.name in self.proxy.ports:
                continue
            try:
                listen(self._wanted.bind, port).close()
            except OSError as error:
                found.append(f"Port {port} of {component.name} cannot be had: {error.strerror or error}.")
        return found

    async def open(self, slot: SlotSpec) -> None:
        """Have a listener for every edge component. Raises PlatformUnavailable."""
        edges = [c.name for c in slot.components if c.edge and c.kind == "http"]
        for name in (*([METRICS] if edges else []), *edges):
            if name not in self.proxy.ports:
                await self._open(name)

    async def _open(self, name: str) -> None:
        chosen = self._wanted.metrics_port if name == METRICS else self._wanted.ports.get(name)
        address = "127.0.0.1" if name == METRICS else self._wanted.bind
        for port in (chosen,) if chosen else (self._wanted.edge_ports.get(name), free_port(self._taken)):
            if port is None:
                continue
            try:
                await self.proxy.open(name, address, port)
            except OSError as error:
                if port == self._wanted.edge_ports.get(name) and not chosen:
                    continue  # the port of an earlier life is taken: have another one
                what = name or "the metrics"
                raise PlatformUnavailable(f"Port {port} of {what} is taken by another program.") from error
            self._taken.add(port)
            self._wanted.edge_ports[name] = port
            return

    async def restore(self, slots: Mapping[str, RunningSlot]) -> None:
        """After a restart of the agent: the same ports, weights and fence, as soon as they can be had."""
        while True:
            try:
                for slot in list(slots.values()):
                    await self.open(slot.spec)
                await self.apply(slots, "agent, after a start")
                return
            except (PlatformError, OSError) as error:
                log.warning("%s", error)
            await asyncio.sleep(RESTORE_SECONDS)

    async def apply(self, slots: Mapping[str, RunningSlot], who: str) -> None:
        """Have the wanted weights in force over these slots. Raises PlatformError."""
        routes = [
            {
                "component": component.name,
                "slot": name,
                "release": slot.spec.release,
                "addresses": slot.addresses(component.name),
                "drain_seconds": component.drain_seconds,
            }
            for name, slot in slots.items()
            for component in slot.spec.components
            if component.edge and component.kind == "http"
        ]
        table = {"fence": self._wanted.fence, "weights": self._wanted.weights, "routes": routes}
        await self.proxy.apply(table, who)

    async def observe(self) -> dict[str, Any]:
        """Weights in force and counters. Raises PlatformUnavailable."""
        return await self.proxy.observe()

    async def idle(self, slot: str, seconds: float) -> None:
        """Wait until no request is in flight in that slot, at most so long."""
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            try:
                seen = await self.observe()
            except PlatformRefused:
                return
            except PlatformError:
                seen = {"edges": [{"slot": slot, "open_connections": 1}]}
            if not any(edge["open_connections"] for edge in seen["edges"] if edge["slot"] == slot):
                return
            await asyncio.sleep(LOOK_SECONDS)

    def addresses(self) -> dict[str, str]:
        """The public address of every edge component."""
        host = self._wanted.bind
        if host in ("0.0.0.0", "::"):  # noqa: S104  (a comparison)
            host = socket.gethostname()
        return {
            name: f"http://{f'[{host}]' if ':' in host else host}:{port}"
            for name, port in self.proxy.ports.items()
            if name != METRICS
        }

    def metrics_address(self) -> str:
        """Where Prometheus reads this target's counters; empty while there is no edge."""
        port = self.proxy.ports.get(METRICS)
        return f"http://127.0.0.1:{port}/metrics" if port else ""

    async def close(self, seconds: float) -> None:
        """End the proxy; the next slot gets a new one, on the same ports where they are still free."""
        former, self.proxy = self.proxy, self._new_proxy()
        await former.stop(seconds)
