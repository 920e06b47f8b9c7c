"""What a test builds to begin with is built once; from then on its rows are laid into the database.

Hundreds of tests begin with a release in some state, which many acts have led there. `remembered` keeps the
rows that such a building left, and lays them where it is asked for again from the same rows. Only there:
whatever else is written in between makes it build anew, and so does a clock that is elsewhere. A test that
commits, or that looks at what happens upon commit, builds everything itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from itertools import count
from typing import Any, ParamSpec, TypeVar

import pytest
from django.db import connection
from django.utils import timezone

from events import clock
from tests.emptying import KEPT

P = ParamSpec("P")
Made = TypeVar("Made")
Rows = dict[str, bytes]

FRESH = timedelta(seconds=30)
"""What is older is built anew, so that nothing has grown stale that was just now done."""
NUMBERS = count()
READS = ("SELECT", "RELEASE")
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


@dataclass(frozen=True)
class Building:
    """What was built from the rows of a state: which state that made, and what it gave back."""

    state: str
    value: Any
    at: datetime


@dataclass
class Memory:
    """The states whose rows are known; `state` names the one that the database is in, "" where none is."""

    state: str = ""
    rows: dict[str, Rows] = field(default_factory=dict)
    buildings: dict[tuple[str, str], Building] = field(default_factory=dict)
    savepoints: dict[str, str] = field(default_factory=dict)

    def watch(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Any write leaves the known state; a way back to a savepoint comes to the one that was there."""
        verb, _, rest = str(sql).lstrip().partition(" ")
        if verb == "SAVEPOINT":
            self.savepoints[rest] = self.state
        elif verb == "ROLLBACK":
            self.state = self.savepoints.get(rest.removeprefix("TO SAVEPOINT "), "")
        elif verb not in READS and not rest.startswith("CONSTRAINTS"):
            self.state = ""
        return execute(sql, params, many, context)

    def keep(self, value: Any, before: tuple[str, str]) -> None:
        """The database is in a state to come back to, unlike any that was: others built on those rows."""
        name = f"{before[0]} > {next(NUMBERS)}"
        self.rows[name] = _read()
        self.buildings[before] = Building(name, value, timezone.now())
        self.state = name

    def lay(self, state: str) -> None:
        """Bring the database from the state that it is in to another."""
        there, wanted = self.rows[self.state], self.rows[state]
        _write(there, wanted)
        self.state = state


memory = Memory()


@contextmanager
def from_here(name: str) -> Iterator[None]:
    """Within the block, what is built from the present rows is remembered under that name."""
    if not _may() or memory.rows.setdefault(name, rows := _read()) != rows:
        yield
        return
    before, memory.state = memory.state, name
    try:
        with connection.execute_wrapper(memory.watch):
            yield
    finally:
        memory.state = before


def forget(name: str) -> None:
    """What was built from that state comes never again."""
    for state in [state for state in memory.rows if state == name or state.startswith(f"{name} > ")]:
        del memory.rows[state]
    for key in [key for key in memory.buildings if key[0] not in memory.rows]:
        del memory.buildings[key]


def remembered(
    keep: Callable[[Made], Any], again: Callable[[Any], Made], *, fresh: timedelta | None = FRESH
) -> Callable[[Callable[P, Made]], Callable[P, Made]]:
    """A builder whose rows are laid where they are known; `keep` and `again` do so for what it returns."""

    def decorate(build: Callable[P, Made]) -> Callable[P, Made]:
        @wraps(build)
        def found_or_built(*args: P.args, **named: P.kwargs) -> Made:
            state = memory.state
            if not state or (fresh and _moved()):
                return build(*args, **named)
            key = (state, f"{build.__name__} {args!r} {named!r}")
            known = memory.buildings.get(key)
            if known and (fresh is None or timezone.now() - known.at < fresh):
                memory.lay(known.state)
                return again(known.value)
            made = build(*args, **named)
            memory.keep(keep(made), key)
            return made

        return found_or_built

    return decorate


@pytest.fixture(autouse=True)
def _memory(request: pytest.FixtureRequest) -> None:
    """What looks at commits is not spared them."""
    if "django_capture_on_commit_callbacks" in request.fixturenames:
        memory.state = ""


def _moved() -> bool:
    return abs(clock.now() - timezone.now()) > timedelta(seconds=1)


def _may() -> bool:
    """Is the account of the tests a superuser? Others may not pass triggers by, and build everything."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])


def _read() -> Rows:
    """Every row of every table, as PostgreSQL copies them."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        names = [name for (name,) in cursor.fetchall() if name not in KEPT]
        cursor.execute(" UNION ALL ".join(f"SELECT '{t}' WHERE EXISTS (SELECT FROM \"{t}\")" for t in names))
        full = [name for (name,) in cursor.fetchall()]
        found = {}
        for name in full:
            with cursor.cursor.copy(f'COPY "{name}" TO STDOUT') as rows:
                found[name] = b"".join(rows)
    return found


def _write(there: Rows, wanted: Rows) -> None:
    """Change tables that hold others, as the owner who may pass triggers by."""
    changed = [name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name)]
    grown = [name for name in changed if wanted.get(name, b"").startswith(there.get(name, b""))]
    with connection.cursor() as cursor:
        deletes = "".join(f'; DELETE FROM "{name}"' for name in changed if name not in grown)
        cursor.execute(f"SET session_replication_role = replica{deletes}")
        for name in changed:
            with cursor.cursor.copy(f'COPY "{name}" FROM STDIN') as rows:
                rows.write(
                    wanted.get(name, b"")[len(there[name]) if name in grown and name in there else 0 :]
                )
        cursor.execute("RESET session_replication_role")
