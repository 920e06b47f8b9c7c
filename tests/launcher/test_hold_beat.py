"""Of several beats one sends."""

from __future__ import annotations

import celery
import pytest
from django.core.cache import cache

from hmhp_portal.beat import KEY, SingleScheduler


@pytest.fixture
def beats(tmp_path: object) -> tuple[SingleScheduler, SingleScheduler]:
    made = [
        SingleScheduler(celery.Celery(set_as_current=False), lazy=True, schedule_filename=f"{tmp_path}/{n}")
        for n in "ab"
    ]
    made[1].owner = "elsewhere"
    return made[0], made[1]


def test_second_beat_is_silent_until_the_first_lets_go(
    beats: tuple[SingleScheduler, SingleScheduler],
) -> None:
    first, second = beats
    assert first.holds()
    assert first.holds()
    assert not second.holds()
    cache.delete(KEY)  # its time is over
    assert second.holds()
    assert not first.holds()


def test_silent_beat_sends_nothing(beats: tuple[SingleScheduler, SingleScheduler]) -> None:
    first, second = beats
    first.holds()
    assert second.tick() == 1.0  # an opened schedule would have raised: it was never set up
