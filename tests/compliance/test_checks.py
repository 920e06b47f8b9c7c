"""Checks: pass only when seen, fail by name, unknown when blind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from compliance import services
from compliance.checks import CHECKS, data_class, running_is_approved
from compliance.models import Finding
from compliance.observed import Observed, TargetSeen
from events.models import Event

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SIGNED = {"web": "sha256:" + "a" * 64}


def seen(**changes: object) -> TargetSeen:
    given = {
        "environment": "production",
        "region": "us-east",
        "wanted_data_class": "production",
        "data_class": "production",
        "reachable": True,
        "seen_at": NOW,
        "serving": "aaaaaaaa",
        "running": SIGNED,
        **changes,
    }
    return TargetSeen(**given)  # type: ignore[arg-type]


def observed(*targets: TargetSeen) -> Observed:
    return Observed(NOW, SIGNED, targets)


def test_signed_digests_everywhere_pass() -> None:
    assert running_is_approved.run(observed(seen(), seen(region="eu-central"))).verdict == "pass"


@pytest.mark.parametrize(
    "running", [{"web": "sha256:" + "b" * 64}, {}, {**SIGNED, "extra": "sha256:" + "c" * 64}]
)
def test_other_missing_and_unsigned_digests_fail_by_name(running: dict[str, str]) -> None:
    outcome = running_is_approved.run(observed(seen(), seen(region="eu-central", running=running)))
    assert outcome.verdict == "fail"
    assert "eu-central" in outcome.sentence


@pytest.mark.parametrize(
    "blind", [{"reachable": False}, {"seen_at": None}, {"seen_at": NOW - timedelta(minutes=3)}]
)
def test_unseen_target_is_unknown_never_pass(blind: dict[str, object]) -> None:
    assert running_is_approved.run(observed(seen(), seen(region="eu-central", **blind))).verdict == "unknown"
    assert running_is_approved.run(observed()).verdict == "unknown"


def test_data_class_must_be_the_environments() -> None:
    assert data_class.run(observed(seen())).verdict == "pass"
    assert data_class.run(observed(seen(data_class="anonymized"))).verdict == "fail"


@pytest.mark.django_db
def test_findings_are_kept_and_told_once_while_nothing_changes() -> None:
    for _ in range(2):
        services.run_checks(subject="release/1.0.0", stream="release/1.0.0", observed=observed(seen()))
    assert Finding.objects.count() == 2 * len(CHECKS)
    assert Event.objects.filter(kind="findings.recorded").count() == 1
    services.run_checks(subject="release/1.0.0", stream="release/1.0.0", observed=observed())
    assert Event.objects.filter(kind="findings.recorded").count() == 2


@pytest.mark.django_db
def test_check_that_breaks_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Observed) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(data_class, "run", broken)
    found = services.run_checks(subject="s", stream="release/1.0.0", observed=observed(seen()))
    assert [f.verdict for f in found] == ["pass", "unknown"]


@pytest.mark.django_db
def test_findings_are_append_only() -> None:
    services.run_checks(subject="s", stream="release/1.0.0", observed=observed(seen()))
    with pytest.raises(DatabaseError), transaction.atomic():
        Finding.objects.update(verdict="pass")
