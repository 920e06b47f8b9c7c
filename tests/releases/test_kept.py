"""What the database keeps from being deleted, it keeps from being emptied too."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from releases.models import Release
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]

GUARDED = (
    "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgtype & %s <> 0"
)
DELETE, TRUNCATE = 8, 32


def guarded(act: int) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(GUARDED, [act])
        return {name for (name,) in cursor.fetchall()}


def test_every_table_that_refuses_delete_has_a_guard_against_truncate() -> None:
    kept = guarded(DELETE)
    assert {"approvals_signoff", "releases_release", "compliance_finding", "events_legal_hold"} <= kept
    assert kept <= guarded(TRUNCATE)


def test_no_release_is_deleted() -> None:
    release = world.draft()
    with pytest.raises(IntegrityError, match="DELETE is refused"), transaction.atomic():
        Release.objects.filter(pk=release.pk)._raw_delete("default")
