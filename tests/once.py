"""What a run of the tests makes once and copies: migrated tables, the browser's story, a portal's data.

The processes of a run (`./portal test` has several) share a folder, named in the environment by
`tests/services.py`. Who first asks for a thing makes it there, under a lock; the others wait and copy.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

RUN = "HMHP_TEST_RUN"
"""The variable that names the folder; absent where something of ours is used without pytest."""


def made(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name in the run's own; `make` filled it, once."""
    run = Path(os.environ[RUN])
    with (run / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder, unfinished = run / name, run / f"{name}.new"
        if not folder.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            unfinished.chmod(0o711)
            make(unfinished)
            unfinished.rename(folder)
    return folder


def database(name: str, fill: Callable[[Path], None], template: str = "template1") -> str:
    """A database to be copied (`CREATE DATABASE … TEMPLATE`), filled once by models and services.

    `fill` is given a folder for what it wants to keep beside the rows. Nobody stays connected.
    """
    whole = _database_name(name)

    def make(folder: Path) -> None:
        with _connected_to("postgres") as run:
            run(f'DROP DATABASE IF EXISTS "{whole}" WITH (FORCE)')
            run(f'CREATE DATABASE "{whole}" TEMPLATE "{template}"')
        with _connected_to(whole):
            fill(folder)

    made(name, make)
    return whole


def kept(name: str, file: str) -> Path:
    """What `fill` kept beside the rows of that database."""
    return Path(os.environ[RUN]) / name / file


def tables() -> str:
    """The database that has all tables and no rows."""

    def migrate(_: Path) -> None:
        from django.core.management import call_command

        call_command("migrate", interactive=False, verbosity=0)

    return database("tables", migrate)


@contextmanager
def own_tables(name: str) -> Iterator[None]:
    """Within the block Django uses a database of that name, all tables and no rows; gone at its end."""
    template = tables()
    try:
        with _connected_to("postgres") as run:
            run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        with _connected_to(name):
            yield
    finally:
        with _connected_to("postgres") as run:
            run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def drop_databases() -> None:
    """At the end of a run on a PostgreSQL that stays: leave nothing there."""
    with _connected_to("postgres") as run:
        for folder in Path(os.environ[RUN]).iterdir():
            if folder.is_dir():
                run(f'DROP DATABASE IF EXISTS "{_database_name(folder.name)}" WITH (FORCE)')


def _database_name(name: str) -> str:
    return f"once_{hashlib.sha256(os.environ[RUN].encode()).hexdigest()[:10]}_{name}"


@contextmanager
def _connected_to(name: str) -> Iterator[Callable[[str], None]]:
    """Django asks the database of that name within the block; nobody is connected to it afterwards."""
    from django.db import connection

    def run(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield run
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
