"""Releases come out under load while processes die: nothing is lost, doubled, stuck or left.

The long run is `./portal bench faults --kills 200`; other seeds make other orders.
"""

from __future__ import annotations

import pytest

from tests.faults.storm import weather

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_some_kills_in_random_order_cost_seconds_and_nothing_else() -> None:
    table = weather(6, seed=5)
    assert not table.sentences, table
    assert not table.unforeseen


def test_two_doors_three_workers_and_two_beats_by_mistake_keep_the_same_promises() -> None:
    table = weather(3, seed=6, crowd=True)
    assert not table.sentences, table
