"""Lines of one look are written together at its end, in their order and with their own times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from deployments import queries
from deployments.models import Environment
from deployments.services.progress import Line, append, gathered
from deployments.states import LineKind
from events import clock
from tests.deployments.engine import queue

BEGUN = datetime(2026, 11, 1, 2, tzinfo=UTC)


def test_lines_of_a_look_keep_their_order_and_times_in_one_write(
    production: Environment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    run = queue("1.0.0", "staging")
    before = len(queries.progress(run))
    with transaction.atomic(), django_assert_num_queries(1), gathered(run):
        for number in range(3):
            with clock.at(BEGUN + timedelta(seconds=number)):
                append(run, [Line(LineKind.STEP, f"line {number}")])
    lines = queries.progress(run)[before:]
    assert [(line.text, line.at.replace(microsecond=0)) for line in lines] == [
        (f"line {number}", BEGUN + timedelta(seconds=number)) for number in range(3)
    ]


def test_a_look_that_fails_writes_none(production: Environment) -> None:
    run = queue("1.0.0", "staging")
    before = len(queries.progress(run))
    with pytest.raises(TypeError), transaction.atomic(), gathered(run):
        append(run, [Line(LineKind.STEP, "never"), "no line"])  # type: ignore[list-item]
    append(run, [Line(LineKind.STEP, "later")])
    assert [line.text for line in queries.progress(run)[before:]] == ["later"]
