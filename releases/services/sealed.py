"""Do releases and their production runs hold what was signed? A part of `verify_signatures`.

A seal is a hash over content, version, kind and plan; it is worked out anew here, so that a row
that was changed in the database is named. A run of production needs a go that was signed for its seal before
it began.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from approvals.models import Decision
from approvals.services.signatures import CHECKS, Fault
from approvals.states import DecisionAnswer
from deployments.models import DeploymentRun
from deployments.states import RunKind
from releases.content import content_hash, seal
from releases.models import Release


def faults() -> Iterator[Fault]:
    """Frozen releases, then production runs, that stand otherwise than under their seal, in order."""
    for release in Release.objects.exclude(seal="").exclude(plan=None).order_by("pk").iterator(200):
        if _seal(release, release.version, release.kind) != release.seal:
            yield _fault(f"release {release.version}", "shows another content, version, kind or plan")
    runs = DeploymentRun.objects.filter(kind=RunKind.DEPLOY, needs_proof=True).order_by("pk")
    for run in runs.iterator(200):
        if _seal(run, run.subject, run.release_kind) != run.seal:
            yield _fault(f"deployment {run.pk}", "has another content, version, kind or plan")
    for pk in runs.exclude(Exists(_goes())).values_list("pk", flat=True):
        name = f"deployment {pk}"
        yield Fault(name, f"The {name} began without a go that was signed for its seal.")


def _seal(row: Release | DeploymentRun, version: str, kind: str) -> str:
    """The seal over what the row holds now."""
    return seal(content_hash=content_hash(row.content), version=version, kind=kind, plan=row.plan)


def _goes() -> QuerySet[Decision]:
    """Signed goes for the run's seal, given before it was queued and not revoked by then."""
    gone_later = Q(revoked_at=None) | Q(revoked_at__gte=OuterRef("queued_at"))
    return Decision.objects.filter(
        gone_later,
        gate__stream=OuterRef("stream"),
        seal=OuterRef("seal"),
        answer=DecisionAnswer.GO.value,
        at__lte=OuterRef("queued_at"),
        signed_acts__decision=F("pk"),
    )


def _fault(name: str, what: str) -> Fault:
    return Fault(name, f"The {name} {what} than was sealed and signed.")


CHECKS.append(faults)
