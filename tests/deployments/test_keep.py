"""Progress lies in days: each is made ahead, dropped whole after ninety days, and read alone."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from deployments import queries
from deployments.models import DeploymentRun, Environment, ProgressHead, ProgressLine
from deployments.services import keeping
from deployments.services.progress import Line
from deployments.services.progress import write as written
from deployments.states import LineKind
from events import clock
from tests.deployments.engine import queue


@pytest.fixture
def run(production: Environment) -> DeploymentRun:
    """A run to write lines of."""
    return queue("1.0.0", "staging")


def write(run: DeploymentRun, text: str, days_ago: float = 0) -> str:
    """Append one line at that time; the table that holds it."""
    with clock.at(clock.now() - timedelta(days=days_ago)), transaction.atomic():
        seq = written(run, [Line(LineKind.LOG, text)])
    return asked(
        "SELECT tableoid::regclass FROM deployments_progressline WHERE run_id = %s AND seq = %s", run.pk, seq
    )


def asked(query: str, *values: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return str(cursor.fetchone()[0])


def files(table: str = "deployments_progressline_") -> set[str]:
    """Names of tables and indexes with the files that hold them: a table that is rewritten gets a new one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname || ' ' || relfilenode FROM pg_class WHERE starts_with(relname, %s)", [table]
        )
        return {str(name) for (name,) in cursor.fetchall()}


def day_of(days_ago: int) -> str:
    return f"deployments_progressline_{clock.now().astimezone(UTC) - timedelta(days=days_ago):y%Ym%md%d}"


def test_line_lies_in_its_day_and_days_are_there_ahead(run: DeploymentRun) -> None:
    made = keeping.make_days_ahead()
    assert (len(made), made[-1]) == (1 + keeping.AHEAD_DAYS, day_of(-keeping.AHEAD_DAYS))
    assert keeping.make_days_ahead() == []
    assert write(run, "today") == day_of(0)


def test_day_is_dropped_whole_after_ninety_days_and_no_other_is_rewritten(run: DeploymentRun) -> None:
    old = (clock.now().astimezone(UTC) - timedelta(days=92)).date()
    keeping.make_days(old, old + timedelta(days=1))
    for days_ago in (92, 91, 1, 0):
        write(run, f"{days_ago} days ago", days_ago)
    kept = files() - files(day_of(92)) - files(day_of(91))
    cleared = keeping.clear_old_progress()
    assert cleared == keeping.Cleared((day_of(92), day_of(91)), 0)
    assert [line.text for line in queries.progress(run)] == ["1 days ago", "0 days ago"]
    assert files() == kept
    assert keeping.clear_old_progress() == keeping.Cleared((), 0)


def test_late_line_never_fails_and_goes_with_its_time(run: DeploymentRun) -> None:
    write(run, "now")
    assert write(run, "late", 40) == write(run, "ahead", -40) == "deployments_progressline_elsewhen"
    assert [(line.seq, line.text) for line in queries.progress(run)] == [
        (1, "now"),
        (2, "late"),
        (3, "ahead"),
    ]
    with clock.at(clock.now() + timedelta(days=60)):
        assert keeping.clear_old_progress().deleted == 1
        assert [line.text for line in queries.progress(run)] == ["now", "ahead"]


def test_day_that_came_without_its_partition_stays_where_it_is(run: DeploymentRun) -> None:
    day = (clock.now().astimezone(UTC) + timedelta(days=40)).date()
    write(run, "ahead", -40)
    assert keeping.make_days(day, day + timedelta(days=1)) == [day_of(-41)]
    assert write(run, "again", -40) == "deployments_progressline_elsewhen"


def test_reading_a_run_looks_into_its_own_days_alone_and_by_index(run: DeploymentRun) -> None:
    today = clock.now().astimezone(UTC).date()
    keeping.make_days(today - timedelta(days=30), today)
    for days_ago in (3, 2):
        write(run, "line", days_ago)
    head = ProgressHead.objects.get(pk=run.pk)
    assert (head.first_day, head.last_day) == (today - timedelta(days=3), today - timedelta(days=2))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # a table of two lines is read whole otherwise
    plan = json.dumps(json.loads(queries.lines_of(run).filter(seq__gt=1)[:500].explain(format="json")))
    assert [day_of(n) in plan for n in (4, 3, 2, 1)] == [False, True, True, False]
    assert "elsewhen" not in plan
    assert f"{day_of(3)}_once" in plan
    assert "Sort" not in plan.replace("Sort Key", "")


def test_database_keeps_a_position_once_and_knows_the_days_of_whoever_inserts(run: DeploymentRun) -> None:
    write(run, "first")
    values = {"run": run, "kind": LineKind.LOG, "text": "by hand"}
    with pytest.raises(IntegrityError), transaction.atomic():
        ProgressLine.objects.create(**values, seq=1, at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        ProgressLine.objects.create(**(values | {"run": DeploymentRun(pk=0)}), seq=2, at=clock.now())
    ProgressLine.objects.create(**values, seq=2, at=datetime(2020, 2, 29, 23, tzinfo=UTC))
    assert [line.text for line in queries.progress(run)] == ["first", "by hand"]


def test_days_that_somebody_reads_for_long_are_left_for_the_next_time(
    run: DeploymentRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PATIENCE_MS", 20)
    there = list(keeping.days())
    name = connection.settings_dict["NAME"]
    with clock.at(there[-1][1] + timedelta(days=keeping.KEEP_DAYS)):
        with psycopg.connect(os.environ["DATABASE_URL"], dbname=name) as reader:
            reader.execute("SELECT count(*) FROM deployments_progressline")
            assert keeping.clear_old_progress().dropped == ()
        assert keeping.clear_old_progress().dropped == tuple(day for day, _ in there)
