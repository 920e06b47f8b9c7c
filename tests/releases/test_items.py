"""Checklist and validations: append-only, bound to content, a failed validation goes back to draft."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from events.errors import NotAllowed, NotFound
from releases.errors import BadContent, OtherContent, WrongReleaseState
from releases.models import ItemResult
from releases.services.items import record_result
from releases.states import ReleaseState
from tests.cast import actor
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def test_failed_validation_returns_to_draft() -> None:
    release = world.staged()
    record_result(
        release.version, "validation", "load", actor=actor("quinn"), result="fail", remark="p95 2 s"
    )
    assert world.again(release).status == ReleaseState.DRAFT


def test_failed_validation_in_review_stops_the_go_and_stays_in_review() -> None:
    release = world.in_review()
    record_result(
        release.version, "validation", "load", actor=actor("quinn"), result="fail", remark="p95 2 s"
    )
    assert world.again(release).status == ReleaseState.REVIEW
    assert "validations" in world.blockers(release, "sign")


def test_results_are_never_changed_or_deleted() -> None:
    release = world.draft()
    row = record_result(release.version, "checklist", "release_notes", actor=actor("dana"), result="pass")
    for change in (lambda: ItemResult.objects.filter(pk=row.pk).update(result="fail"), lambda: row.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


@pytest.mark.parametrize("result", ["fail", "not_applicable"])
def test_anything_but_a_pass_needs_a_remark(result: str) -> None:
    release = world.draft()
    with pytest.raises(BadContent) as error:
        record_result(release.version, "checklist", "release_notes", actor=actor("dana"), result=result)
    assert "remark" in error.value.fields


def test_result_for_other_content_is_refused() -> None:
    release = world.draft()
    with pytest.raises(OtherContent):
        record_result(
            release.version,
            "checklist",
            "security_scan",
            actor=actor("dana"),
            result="pass",
            content_hash="0" * 64,
        )


def test_unknown_item_is_refused_with_the_known_ones() -> None:
    release = world.draft()
    with pytest.raises(NotFound, match="security_scan, release_notes"):
        record_result(release.version, "checklist", "sekurity", actor=actor("dana"), result="pass")


def test_validation_waits_for_staging() -> None:
    release = world.draft()
    with pytest.raises(WrongReleaseState, match="Deploy it to staging"):
        record_result(release.version, "validation", "smoke", actor=actor("quinn"), result="pass")


def test_developer_records_no_validation() -> None:
    release = world.staged()
    with pytest.raises(NotAllowed):
        record_result(release.version, "validation", "smoke", actor=actor("dana"), result="pass")


@pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://x", "http://", "https://a b", "//x.y"])
def test_link_is_a_whole_web_address(link: str) -> None:
    release = world.draft()
    with pytest.raises(BadContent):
        record_result(
            release.version, "checklist", "release_notes", actor=actor("dana"), result="pass", link=link
        )
