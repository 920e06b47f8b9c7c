"""The example platform on the local target: migrations, a shift under load, work done once."""

from __future__ import annotations

import http.client
import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from platforms.base import JobResult, JobSpec, Routing, SlotSpec
from platforms.local.databases import Databases
from platforms.local.driver import LocalPlatform
from tests.platforms.agent_fixture import ExamplePlatform, LocalAgent, eventually
from tests.platforms.load import Load

SERVER = os.environ.get("PORTAL_TARGET_DATABASE_URL", "")
pytestmark = pytest.mark.skipif(not SERVER, reason="needs a PostgreSQL in which databases may be made")
RATE = 80


@pytest.fixture
def environment() -> Iterator[str]:
    """The name of an environment whose database is gone after the test."""
    name = f"test{os.urandom(4).hex()}"
    yield name
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "hmhp_{name}" WITH (FORCE)')
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [f"hmhp_{name}"]).fetchone():
            connection.execute(f'DROP ROLE "hmhp_{name}"')


@pytest.fixture
def platform(local_agent: LocalAgent, environment: str) -> LocalPlatform:
    return local_agent.open(environment)


@pytest.fixture
def database(local_agent: LocalAgent, environment: str) -> Iterator[psycopg.Connection[Any]]:
    """The environment's own database, as its owner."""
    url = Databases(SERVER, local_agent.state).url(environment)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def run(platform: LocalPlatform, slot: SlotSpec, component: str, name: str) -> JobResult:
    job = JobSpec(f"{name} of {slot.slot}", slot.slot, component, name)

    def result() -> Any:
        found = platform.run_job(1, slot, job)
        return found if found.state != "running" else None

    found: JobResult = eventually(result, 60)
    return found


def have(platform: LocalPlatform, slot: SlotSpec) -> None:
    """That slot, migrated and ready."""
    result = run(platform, slot, "records", "migrate_expand")
    assert result.state == "succeeded", result.lines
    platform.ensure(1, slot)
    eventually(lambda: (found := platform.observe().slot(slot.slot)) and found.ready, 60)


def edge(platform: LocalPlatform) -> str:
    return platform.observe().addresses["patient-web"].removeprefix("http://")


def get(place: str, path: str = "/") -> tuple[int, str]:
    connection = http.client.HTTPConnection(place, timeout=15)
    connection.request("GET", path)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def test_release_serves_and_passes_its_smoke_test(
    platform: LocalPlatform, example_platform: ExamplePlatform
) -> None:
    slot = example_platform.slot("good-1")
    have(platform, slot)
    result = run(platform, slot, "patient-web", "smoke")
    assert (result.state, result.lines[-1]) == ("succeeded", "/api/slots: good")
    platform.switch(1, Routing({"good-1": 100}, "good-1"))
    status, page = get(edge(platform))
    assert status == 200
    assert "patient-web 5.3.1, scheduling 3.7.4" in page


def test_migrations_run_once_in_the_environments_own_database(
    platform: LocalPlatform, example_platform: ExamplePlatform, database: psycopg.Connection[Any]
) -> None:
    first, second = example_platform.slot("good-1"), example_platform.slot("good-2")
    assert run(platform, first, "records", "migrate_expand").state == "succeeded"
    result = run(platform, second, "records", "migrate_expand")
    assert result.lines == (
        "expand/0001_notifications: has run before",
        "expand/0002_reminder_channel: done",
    )
    database.execute("INSERT INTO notification (number, channel, by_fax) VALUES (1, 'push', false)")
    assert run(platform, second, "records", "migrate_contract").state == "succeeded"
    with pytest.raises(psycopg.errors.UndefinedColumn):
        database.execute("SELECT by_fax FROM notification")


def test_bad_migration_fails_with_its_reason_and_leaves_no_trace(
    platform: LocalPlatform, example_platform: ExamplePlatform, database: psycopg.Connection[Any]
) -> None:
    result = run(platform, example_platform.slot("bad-migration"), "records", "migrate_expand")
    assert (result.state, result.exit_code) == ("failed", 1)
    assert any("consent_version" in line for line in result.lines)
    row = database.execute("SELECT count(*) FROM schema_step WHERE name LIKE '%consent%'").fetchone()
    assert row == (0,)


def test_shift_and_return_under_load_lose_no_request_and_no_job(
    platform: LocalPlatform, example_platform: ExamplePlatform, database: psycopg.Connection[Any]
) -> None:
    blue, green = example_platform.slot("good-1"), example_platform.slot("good-2")
    have(platform, blue)
    have(platform, green)
    platform.switch(1, Routing({"good-1": 100}, "good-1"))
    wanted, ending = [], threading.Event()

    def number_jobs() -> None:
        while not ending.wait(0.02):
            wanted.append(len(wanted) + 1_000_000)
            database.execute("INSERT INTO notification (number) VALUES (%s)", [wanted[-1]])

    numbering = threading.Thread(target=number_jobs, daemon=True)
    numbering.start()
    with Load(edge(platform), RATE) as load:
        for percent in (10, 50, 100):
            platform.switch(1, Routing({"good-1": 100 - percent, "good-2": percent}, "good-1"))
            more(load)
        for background in ("good-2", "good-1"):
            done = len(numbers(database, background))
            platform.switch(1, Routing({"good-1": 0, "good-2": 100}, background))
            eventually(lambda: len(numbers(database, background)) > done, 60)  # noqa: B023
        platform.switch(2, Routing({"good-1": 100, "good-2": 0}, "good-1"))
        platform.retire(2, "good-2")
        more(load)
        eventually(lambda: platform.observe().slot("good-2") is None)
    ending.set()
    numbering.join()
    assert dict(load.answers) == {"200": load.total}
    assert set(load.slots) == {"good-1", "good-2"}
    eventually(lambda: waiting(database) == 0, 60)
    delivered = Counter(numbers(database))
    assert {number: delivered[number] for number in wanted} == dict.fromkeys(wanted, 1)


def more(load: Load, seconds: float = 2.0) -> None:
    """Let the load go on for about so long."""
    until = load.total + int(RATE * seconds)
    eventually(lambda: load.total >= until, 60)


def waiting(database: psycopg.Connection[Any]) -> int:
    row = database.execute("SELECT count(*) FROM notification WHERE sent_at IS NULL").fetchone()
    assert row is not None
    return int(row[0])


def numbers(database: psycopg.Connection[Any], slot: str = "%") -> list[int]:
    """Numbered jobs that were done (by that slot's worker), in their order."""
    rows = database.execute("SELECT number FROM delivery WHERE number >= 1000000 AND slot LIKE %s", [slot])
    return [row[0] for row in rows]


def test_killed_worker_gives_its_job_back(
    platform: LocalPlatform, example_platform: ExamplePlatform, database: psycopg.Connection[Any]
) -> None:
    slot = example_platform.slot("good-1", WORK_SECONDS="0.3")
    have(platform, slot)
    platform.switch(1, Routing({"good-1": 100}, "good-1"))
    database.execute("INSERT INTO notification (number) SELECT 1000000 + n FROM generate_series(1, 6) AS n")
    eventually(lambda: numbers(database))
    os.kill(worker(platform), 9)
    eventually(lambda: len(numbers(database)) == 6, 60)
    assert sorted(numbers(database)) == list(range(1_000_001, 1_000_007))


def worker(platform: LocalPlatform) -> int:
    """The process id of the worker, from its own lines."""
    lines = [line for name, _, line in platform.lines("good-1", {}) if name == "notification-worker"]
    return int(next(line for line in lines if "started as process" in line).rpartition(" ")[2])


@pytest.mark.parametrize(("release", "failing"), [("fails-8-percent", 8), ("fails-1-percent", 1)])
def test_bad_release_fails_as_often_as_it_says(
    platform: LocalPlatform, example_platform: ExamplePlatform, release: str, failing: int
) -> None:
    have(platform, example_platform.slot(release))
    platform.switch(1, Routing({release: 100}, None))
    place = edge(platform)
    answers = Counter(get(place)[0] for _ in range(100))
    assert answers == {200: 100 - failing, 502: failing}
    (seen,) = [e for e in platform.observe().edges if e.requests]
    assert (seen.requests, seen.errors) == (100, failing)


def test_slow_release_is_slow_and_counted_so(
    platform: LocalPlatform, example_platform: ExamplePlatform
) -> None:
    have(platform, example_platform.slot("slow"))
    platform.switch(1, Routing({"slow": 100}, None))
    assert get(edge(platform))[0] == 200
    (seen,) = platform.observe().edges
    assert seen.latency_ms[1000] == 0


def test_release_that_never_gets_healthy_says_so(
    platform: LocalPlatform, example_platform: ExamplePlatform
) -> None:
    platform.ensure(1, example_platform.slot("never-healthy"))

    def reason() -> str:
        slot = platform.observe().slot("never-healthy")
        return next((c.reason for c in slot.components if c.name == "patient-web"), "") if slot else ""

    eventually(lambda: "answers 503 on /healthz" in reason())


def test_every_process_is_small(
    local_agent: LocalAgent, platform: LocalPlatform, example_platform: ExamplePlatform
) -> None:
    have(platform, example_platform.slot("good-2"))
    platform.switch(1, Routing({"good-2": 100}, "good-2"))
    with Load(edge(platform), 50) as load:
        eventually(lambda: load.total > 100)
    sizes = {pid: megabytes(pid) for pid in local_agent.processes()}
    assert len(sizes) >= 5
    assert max(sizes.values()) < 30, sizes


def megabytes(pid: int) -> float:
    """Proportional set size."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1]) / 1024


def test_example_has_the_same_digests_wherever_it_is_built(
    example_platform: ExamplePlatform, tmp_path: Path
) -> None:
    from examples.build import build

    assert build(tmp_path / "elsewhere") == example_platform.releases
