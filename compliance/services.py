"""Run the checks and keep what they found. Called by `releases.services` after a run and in monitoring."""

from __future__ import annotations

import logging

from django.db import transaction

from accounts import actors
from compliance import queries
from compliance.checks import CHECKS, Check
from compliance.models import Finding
from compliance.observed import Observed, Outcome
from compliance.states import FindingVerdict
from events import clock
from events.services import record

log = logging.getLogger(__name__)

COMPLIANCE = actors.system("compliance checks")


@transaction.atomic
def run_checks(*, subject: str, stream: str, observed: Observed) -> list[Finding]:
    """Judge `observed` by every check and store one finding each.

    One event for the lot, and only when a verdict is new or differs from the one before. A check
    that breaks is an `unknown` with its reason: blind is never quiet.
    """
    before = {finding.check_name: finding.verdict for finding in queries.newest(subject)}
    found = [_finding(check, subject, stream, observed) for check in CHECKS]
    Finding.objects.bulk_create(found)
    after = {finding.check_name: str(finding.verdict) for finding in found}
    if after != before:
        record(
            stream,
            "findings.recorded",
            COMPLIANCE.id,
            before=before,
            after=after,
            data={
                "findings": [
                    {
                        "check": f.check_name,
                        "controls": f.controls,
                        "verdict": str(f.verdict),
                        "sentence": f.sentence,
                    }
                    for f in found
                ]
            },
        )
    return found


def _finding(check: Check, subject: str, stream: str, observed: Observed) -> Finding:
    try:
        outcome = check.run(observed)
    except Exception as error:
        log.exception("check %s broke", check.NAME)
        outcome = Outcome(
            FindingVerdict.UNKNOWN,
            f"The check “{check.TITLE}” could not be carried out ({type(error).__name__}).",
        )
    return Finding(
        check_name=check.NAME,
        controls=list(check.CONTROLS),
        subject=subject,
        stream=stream,
        verdict=outcome.verdict,
        sentence=outcome.sentence,
        at=clock.now(),
        data=dict(outcome.data),
    )
