"""The canonical form is that of RFC 8785, whichever way it is written."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as some

from events import canonical

TEXTS = some.text(some.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = some.integers(-(2**53) + 1, 2**53 - 1) | some.floats(allow_nan=False, allow_infinity=False)
VALUES = some.recursive(
    some.none() | some.booleans() | NUMBERS | TEXTS,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_any_value_is_written_as_the_standard_says(value: Any) -> None:
    assert canonical.dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("names", [("\ue000", "\U0001f600"), ("a", "A", "\x7f", "é")])
def test_names_are_in_the_order_of_their_utf_16_units(names: tuple[str, ...]) -> None:
    value = dict.fromkeys(names, 1)
    assert canonical.dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), {1: "a"}, ["\ud800"], {"a": object()}])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r".*"):
        canonical.dumps(value)
