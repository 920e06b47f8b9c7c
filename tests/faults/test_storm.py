"""Releases come out under load while processes die: nothing is lost, doubled, stuck or left.

Each kind of process is killed once here, half of them with more than one of each about. How often only adds
chance: the long run is `./portal bench faults --kills 200`; other seeds make other orders.
"""

from __future__ import annotations

import pytest

from tests.faults.storm import EVERYBODY, weather

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


PLAIN = ("worker", "web", "nursery", "postgres", "proxy")
IN_A_CROWD = ("control", "beat", "redis", "component")


def test_every_kind_of_process_is_struck() -> None:
    assert {*PLAIN, *IN_A_CROWD} == set(EVERYBODY)


def test_some_kills_in_random_order_cost_seconds_and_nothing_else() -> None:
    table = weather(len(PLAIN), seed=5, kinds=PLAIN)
    assert not table.sentences, table
    assert not table.unforeseen
    assert {f"kill {kind}" for kind in PLAIN} <= table.struck.keys()


def test_two_doors_three_workers_and_two_beats_by_mistake_keep_the_same_promises() -> None:
    table = weather(len(IN_A_CROWD), seed=6, crowd=True, kinds=IN_A_CROWD)
    assert not table.sentences, table
    assert {f"kill {kind}" for kind in IN_A_CROWD} <= table.struck.keys()
