"""Tests that commit (`transaction=True`) leave an empty database in milliseconds instead of a second.

Django truncates every table after each of them and makes all permissions anew. Here only tables that hold
rows are emptied, as the owner who may pass triggers by; what migrations made (content types, permissions)
stays. On a PostgreSQL whose account may not do that, Django's own way is taken.
"""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import TransactionTestCase

KEPT = {"django_migrations", "django_content_type", "auth_permission"}


@pytest.fixture(scope="session", autouse=True)
def _quick_emptying() -> None:
    """Give committing tests this way of cleaning up."""
    slowly = TransactionTestCase._fixture_teardown

    def empty(case: TransactionTestCase) -> None:
        try:
            _empty()
        except _MayNot:
            slowly(case)

    TransactionTestCase._fixture_teardown = empty  # type: ignore[method-assign]


class _MayNot(Exception):
    """The account of the tests is no superuser."""


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() != (True,):
            raise _MayNot
        tables = [name for name in connection.introspection.table_names(cursor) if name not in KEPT]
        quote = connection.ops.quote_name
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{t}' WHERE EXISTS (SELECT FROM {quote(t)})" for t in tables)
        )
        full = [row[0] for row in cursor.fetchall()]
        deletes = "; ".join(f"DELETE FROM {quote(table)}" for table in full)
        cursor.execute(f"SET session_replication_role = replica; {deletes}; RESET session_replication_role")
