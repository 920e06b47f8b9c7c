"""Several calls to one server at once."""

from __future__ import annotations

import threading

import pytest

from platforms.kubernetes.together import AT_ONCE, both, each


def test_results_come_in_the_order_of_the_work() -> None:
    turn = threading.Event()

    def first() -> int:
        turn.wait(5)
        return 1

    def second() -> int:
        turn.set()
        return 2

    assert each([first, second]) == [1, 2]


def test_first_failure_is_told_once_all_have_ended() -> None:
    ended: list[int] = []

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        each([fail, lambda: ended.append(1), lambda: ended.append(2)])
    assert sorted(ended) == [1, 2]


def test_server_that_hangs_holds_up_nobody_who_asks_another() -> None:
    answer = threading.Event()
    hanging = threading.Thread(target=each, args=([answer.wait] * (3 * AT_ONCE),))
    hanging.start()
    assert each([lambda: 1, lambda: 2]) == [1, 2]
    answer.set()
    hanging.join(5)
    assert not hanging.is_alive()


def test_two_of_unlike_kinds_go_at_once() -> None:
    turn = threading.Event()
    assert both(lambda: turn.wait(5), lambda: turn.set() or "told") == (True, "told")


def test_failure_of_the_first_of_two_is_told_before_the_other_s() -> None:
    def fail(word: str) -> None:
        raise ValueError(word)

    with pytest.raises(ValueError, match="first"):
        both(lambda: fail("first"), lambda: fail("second"))
    with pytest.raises(ValueError, match="second"):
        both(lambda: 1, lambda: fail("second"))
