"""What sentences and lists of several releases rest on, each part read once, when it is first needed.

A page that shows the same releases twice hands one `Known` to both; without one each reads its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from approvals import queries as approvals
from approvals.models import Gate
from approvals.queries.owed import urgent_gates
from releases.models import Component, Release
from releases.queries.calendar import Frozen
from releases.queries.holding import held
from releases.queries.items import ItemStanding, standings_of
from releases.states import ItemList


class Known:
    """Gates with signatures, components, validations, and freezes that hold; at most three queries a kind."""

    _urgent: list[Gate]

    def __init__(self) -> None:
        self._gates: dict[int, Gate] = {}
        self._components: list[str] | None = None
        self._validations: dict[int, list[ItemStanding]] = {}
        self._asked: set[int] = set()
        self._held: dict[int, Frozen] = {}

    def gates(self, releases: Sequence[Release]) -> dict[int, Gate]:
        """The gates of these releases by their id, with requirements and signatures."""
        wanted = {r.gate_id: r for r in releases if r.gate_id is not None and r.gate_id not in self._gates}
        joined = [r.gate for r in wanted.values() if Release._meta.get_field("gate").is_cached(r)]
        self._gates |= approvals.read([gate for gate in joined if gate is not None])
        missing = wanted.keys() - self._gates.keys()
        if missing:
            self._gates |= approvals.gates().in_bulk(list(missing))
        return self._gates

    def urgent(self, review: Sequence[Release]) -> list[Gate]:
        """Gates of stops, owed reviews and a waiting policy, read with those of these releases."""
        if not hasattr(self, "_urgent"):
            self._urgent = urgent_gates()
            joined = [r.gate for r in review if Release._meta.get_field("gate").is_cached(r)]
            known = [gate for gate in joined if gate is not None and gate.pk not in self._gates]
            self._gates |= approvals.read([*self._urgent, *known])
        return self._urgent

    def components(self) -> list[str]:
        """The names that the platform file has now, in its order."""
        if self._components is None:
            names = Component.objects.filter(retired_at=None).values_list("name", flat=True)
            self._components = list(names)
        return self._components

    def validations(self, releases: Sequence[Release]) -> dict[int, list[ItemStanding]]:
        """The lines of staging validation of these releases by release id."""
        missing = [release for release in releases if release.pk not in self._validations]
        if missing:
            self._validations |= standings_of(missing, ItemList.VALIDATION)
        return self._validations

    def held(self, approved: Sequence[Release]) -> dict[int, Frozen]:
        """The freeze that holds each of these approved releases, by release id."""
        missing = [release for release in approved if release.pk not in self._asked]
        if missing:
            self._held |= held(missing)
            self._asked |= {release.pk for release in missing}
        return self._held
