"""Who may act for a run at this moment: a lease by the database's clock, and a fence that only grows.

The fence is counted per environment over all runs, so that a target which refuses a lower one refuses
everybody who came before. Losing a lease is no error: somebody else carries on.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, TimeoutError, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import Q

from deployments.models import DeploymentRun
from deployments.services.clockwork import DatabaseClock, after
from deployments.services.progress import gathered
from events.wake import wake

LEASE_SECONDS = 5.0
"""How long a dead worker keeps others out; a living one renews before every call and each second."""

SHORTCUT_SECONDS = 1.0
"""A look that is due sooner than the sweep comes round is asked for by itself as well."""

T = TypeVar("T")


class LeaseLost(Exception):
    """Somebody else has the run now; whoever gets this drops out and changes nothing more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act for a run, good only while the run's row carries this fence."""

    run_id: int
    fence: int


def take(run_id: int) -> Lease | None:
    """Take the run's lease in a short transaction of its own; None while somebody holds it."""
    free = Q(lease_until=None) | Q(lease_until__lt=DatabaseClock())
    with transaction.atomic():
        ours = DeploymentRun.objects.select_for_update(no_key=True).filter(free, pk=run_id).order_by()
        for environment_id in ours.values_list("environment_id", flat=True):
            return _grant(run_id, environment_id)
    return None


def grant(run: DeploymentRun) -> Lease:
    """Give the lease of a locked run to the caller, whoever held it: their fence is lower from now on."""
    lease = _grant(run.pk, run.environment_id)
    run.fence = lease.fence
    return lease


RAISE = """
    UPDATE deployments_environment SET fence = 1 + greatest(fence, (
        SELECT max(view.fence) FROM deployments_targetview view
        JOIN deployments_target target ON target.id = view.target_id WHERE target.environment_id = %s))
    WHERE id = %s RETURNING fence"""
"""Above whatever was given out before and whatever a target was seen to hold (`greatest` ignores NULL)."""


def _grant(run_id: int, environment_id: int) -> Lease:
    with connection.cursor() as cursor:
        cursor.execute(RAISE, [environment_id, environment_id])
        fence = int(cursor.fetchone()[0])
    owner = f"{os.uname().nodename}:{os.getpid()}:{threading.get_ident()}"
    DeploymentRun.objects.filter(pk=run_id).update(
        fence=fence, lease_owner=owner, lease_until=after(LEASE_SECONDS)
    )
    return Lease(run_id, fence)


def renew(lease: Lease) -> None:
    """Hold on for another LEASE_SECONDS; raises LeaseLost."""
    held = DeploymentRun.objects.filter(pk=lease.run_id, fence=lease.fence)
    if not held.update(lease_until=after(LEASE_SECONDS)):
        raise LeaseLost


def release(lease: Lease, look_in: float | None) -> None:
    """Give the run free and say when it is to be looked at next; nothing when the lease is lost."""
    held = DeploymentRun.objects.filter(pk=lease.run_id, fence=lease.fence)
    when = None if look_in is None else after(look_in)
    ours = held.update(lease_until=None, lease_owner="", next_look_at=when)
    if ours and look_in is not None and look_in < SHORTCUT_SECONDS:
        wake("deployments.tasks.look_when_due", lease.run_id, countdown=look_in)


@contextmanager
def fenced(lease: Lease) -> Iterator[DeploymentRun]:
    """A transaction over the locked run, entered only while the fence is ours; it renews the lease.

    Raises LeaseLost.
    """
    with transaction.atomic():
        held = DeploymentRun.objects.select_for_update(no_key=True, of=("self",))
        run = held.select_related("environment").filter(pk=lease.run_id, fence=lease.fence).first()
        if run is None:
            raise LeaseLost
        renew(lease)
        with gathered(run):
            yield run


def patiently(lease: Lease, future: Future[T]) -> T:
    """The future's result, however long the driver takes; the lease is renewed each second."""
    while True:
        try:
            return future.result(timeout=1.0)
        except TimeoutError:
            if future.done():
                raise
            renew(lease)


def finished(lease: Lease, futures: dict[str, Future[Any]], seconds: float) -> Iterator[str]:
    """The keys of the futures as they end, until that much time is over; the lease is renewed."""
    left, pending = seconds, dict(futures)
    while pending and left > 0:
        done, _ = wait(pending.values(), timeout=min(1.0, left), return_when="FIRST_COMPLETED")
        for key in [key for key, future in pending.items() if future in done]:
            del pending[key]
            yield key
        if not done:
            left -= min(1.0, left)
            renew(lease)
