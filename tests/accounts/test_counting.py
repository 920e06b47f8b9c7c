"""A count in the shared cache: one more each time, anew after its time, never a fault in between."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from accounts.services.counting import counted


def test_each_time_is_one_more() -> None:
    assert [counted("tries", 60) for _ in range(3)] == [1, 2, 3]


def test_count_that_is_put_back_between_two_steps_of_counting_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted("tries", 60)
    counted("tries", 60)
    one_more, put_back = cache.incr, iter([True, False])

    def late(key: str) -> int:
        if next(put_back):
            cache.delete(key)
        return one_more(key)

    monkeypatch.setattr(cache, "incr", late)
    assert counted("tries", 60) == 1


def test_cache_that_keeps_nothing_is_a_fault_and_no_endless_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "add", lambda *_: False)
    with pytest.raises(ValueError, match="not found"):
        counted("tries", 60)
