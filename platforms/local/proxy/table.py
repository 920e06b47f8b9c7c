"""The table of weights: which slots serve, with what share, at which addresses.

In comes the JSON of the agent, out goes a `Table` that never changes; the proxy swaps whole
tables, so that every request sees one routing. Called by `control.py` and, per request, by
`forward.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any


@dataclass(slots=True)
class Route:
    """One edge component in one slot: where its processes listen."""

    component: str
    slot: str
    release: str
    addresses: tuple[str, ...]
    drain_seconds: int
    _turn: count[int] = field(default_factory=count)

    def in_turn(self) -> tuple[str, ...]:
        """The addresses, beginning with the one whose turn it is."""
        if len(self.addresses) == 1:
            return self.addresses
        first = next(self._turn) % len(self.addresses)
        return self.addresses[first:] + self.addresses[:first]


class Split:
    """Shares of one component: smooth weighted round-robin, so that 10 % is every tenth request.

    A slot with weight 0 is not in it, which is how a cookie that names it loses its meaning.
    """

    def __init__(self, shares: Iterable[tuple[Route, int]]) -> None:
        self._shares = [(route, weight) for route, weight in shares if weight > 0]
        self._routes = {route.slot: route for route, _ in self._shares}
        self._total = sum(weight for _, weight in self._shares)
        self._credit = [0] * len(self._shares)

    def of(self, slot: str) -> Route | None:
        """The route of that slot, while it has weight."""
        return self._routes.get(slot)

    def next(self) -> Route | None:
        """Whose turn it is, or None when nothing serves this component."""
        if not self._shares:
            return None
        best = 0
        for index, (_, weight) in enumerate(self._shares):
            self._credit[index] += weight
            if self._credit[index] > self._credit[best]:
                best = index
        self._credit[best] -= self._total
        return self._shares[best][0]


class Table:
    """Weights in force with the fence that they came with, and the routes of every known slot."""

    def __init__(self, fence: int, weights: Mapping[str, int], routes: Iterable[Route]) -> None:
        self.fence = fence
        self.weights = dict(weights)
        self.routes = tuple(routes)
        self._splits: dict[str, Split] = {}
        for component in {route.component for route in self.routes}:
            shares = [(r, self.weights.get(r.slot, 0)) for r in self.routes if r.component == component]
            self._splits[component] = Split(shares)

    def choose(self, component: str, slot: str | None) -> Route | None:
        """The route of a client whose cookie names `slot`; a new client gets the next turn."""
        split = self._splits.get(component)
        if split is None:
            return None
        return (split.of(slot) if slot else None) or split.next()

    def serves(self, component: str, slot: str) -> bool:
        """Whether new requests for that component may go to that slot."""
        split = self._splits.get(component)
        return split is not None and split.of(slot) is not None


def read_table(raw: Mapping[str, Any]) -> Table:
    """The table in the agent's message."""
    routes = [
        Route(r["component"], r["slot"], r["release"], tuple(r["addresses"]), r["drain_seconds"])
        for r in raw["routes"]
    ]
    return Table(raw["fence"], raw["weights"], routes)
