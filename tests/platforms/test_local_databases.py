"""One database per environment, made on demand, with an account that enters no other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from platforms.base import PlatformUnavailable
from platforms.local.databases import Databases, database_url

SUPERUSER = os.environ.get("DATABASE_URL", "")
PLAIN = os.environ.get("PORTAL_TARGET_DATABASE_URL", "")
needs_server = pytest.mark.skipif(not (SUPERUSER and PLAIN), reason="needs a PostgreSQL of our own")


@pytest.fixture
def names() -> Iterator[tuple[str, str]]:
    """Two environments, whose databases and roles are gone after the test."""
    both = f"a-{os.urandom(4).hex()}", f"b-{os.urandom(4).hex()}"
    yield both
    with psycopg.connect(SUPERUSER, autocommit=True) as connection:
        for name in both:
            connection.execute(f'DROP DATABASE IF EXISTS "hmhp_{name}" WITH (FORCE)')
            connection.execute(f'DROP ROLE IF EXISTS "hmhp_{name}"')


@needs_server
def test_environments_do_not_reach_each_others_data(tmp_path: Path, names: tuple[str, str]) -> None:
    databases = Databases(SUPERUSER, tmp_path)
    urls = [databases.url(name) for name in names]
    for url, name in zip(urls, names, strict=True):
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE own (id int)")
            assert connection.info.dbname == f"hmhp_{name}"
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(database_url(urls[0], f"hmhp_{names[1]}"))


@needs_server
@pytest.mark.parametrize("base", [SUPERUSER, PLAIN], ids=["may make roles", "may not"])
def test_second_life_of_the_agent_finds_its_database_again(
    tmp_path: Path, names: tuple[str, str], base: str
) -> None:
    for folder in ("first", "first", "lost its passwords"):
        (tmp_path / folder).mkdir(exist_ok=True)
        with psycopg.connect(Databases(base, tmp_path / folder).url(names[0])) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")


def test_server_out_of_reach_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(PlatformUnavailable, match="database of staging is out of reach"):
        Databases(f"postgresql:///x?host={tmp_path}", tmp_path).url("staging")


def test_without_a_server_there_is_no_url(tmp_path: Path) -> None:
    assert Databases("", tmp_path).url("staging") == ""


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("postgresql://u:p@db:5433/x?sslmode=require", "postgresql://r:w@db:5433/d?sslmode=require"),
        ("postgres://u@db/x?dbname=y", "postgresql://r:w@db/d"),
        ("postgresql://u:p@/x?host=%2Frun%2Fpg", "postgresql:///d?host=%2Frun%2Fpg&user=r&password=w"),
        ("host=/run/pg user=u dbname=x", "postgresql:///d?host=%2Frun%2Fpg&user=r&password=w"),
    ],
)
def test_url_keeps_the_servers_place(base: str, expected: str) -> None:
    assert database_url(base, "d", "r", "w") == expected


def test_url_keeps_the_account_where_no_other_is_given() -> None:
    base = "postgresql://u:p%40@/x?host=%2Frun%2Fpg"
    assert database_url(base, "d") == "postgresql://u:p%40@/d?host=%2Frun%2Fpg"
