"""Who may act for a run at this moment: a lease by the database's clock, and a fence that only grows.

The fence is counted per environment over all runs, so that a target which refuses a lower one refuses
everybody who came before. Losing a lease is no error: somebody else carries on.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from deployments.models import DeploymentRun
from deployments.services.clockwork import DatabaseClock, after
from deployments.services.progress import gathered
from deployments.services.saving import together
from deployments.states import RunState
from events.services import written_together
from events.wake import wake

LEASE_SECONDS = 5.0
"""How long a dead worker keeps others out; a living one renews before every call and each second."""

SHORTCUT_SECONDS = 1.0
"""A look that is due sooner than the sweep comes round is asked for by itself as well."""

CHANGING = ("state", "intent", "blue_id", "clearance_until", "clearance_sentence", "sentence", "verdicts",
            "memory", "lease_until", "lease_owner", "fence", "next_look_at", "started_at", "traffic_at",
            "ended_at", "retained_until", "closed_at")  # fmt: skip
"""What of a run may change once it has started; all else a look reads once."""


class LeaseLost(Exception):
    """Somebody else has the run now; whoever gets this drops out and changes nothing more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act for a run, good only while the run's row carries this fence.

    `queued`: it was waiting for its turn when the lease was taken; whoever starts it then has the lease.
    `first`: nobody had a lease of it before.
    """

    run_id: int
    fence: int
    queued: bool = False
    first: bool = False


def take(run_id: int) -> Lease | None:
    """Take the run's lease in a short transaction of its own; None while somebody holds it."""
    free = Q(lease_until=None) | Q(lease_until__lt=DatabaseClock())
    with transaction.atomic():
        ours = DeploymentRun.objects.select_for_update(no_key=True).filter(free, pk=run_id).order_by()
        for environment_id, state, fence in ours.values_list("environment_id", "state", "fence"):
            queued = state == RunState.QUEUED
            return replace(_grant(run_id, environment_id), queued=queued, first=not fence)
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


RENEW = """
UPDATE "deployments_deploymentrun" SET lease_until = clock_timestamp() + make_interval(secs => %s){}
    WHERE id = %s AND fence = %s""".strip()


def renew(lease: Lease, **fields: Any) -> None:
    """Hold on for another LEASE_SECONDS, and write these fields with it; raises LeaseLost."""
    columns = [field for field in DeploymentRun._meta.concrete_fields if field.name in fields]
    values = [field.get_db_prep_save(fields[field.name], connection) for field in columns]
    changed = "".join(f', "{field.column}" = %s' for field in columns)
    with connection.cursor() as cursor:  # written by hand: every transaction of every look ends with it
        cursor.execute(RENEW.format(changed), [LEASE_SECONDS, *values, lease.run_id, lease.fence])
        if not cursor.rowcount:
            raise LeaseLost


def release(lease: Lease, look_in: float | None) -> None:
    """Give the run free and say when it is to be looked at next; nothing when the lease is lost."""
    held = DeploymentRun.objects.filter(pk=lease.run_id, fence=lease.fence)
    when = None if look_in is None else after(look_in)
    ours = held.update(lease_until=None, lease_owner="", next_look_at=when)
    if ours and look_in is not None and look_in < SHORTCUT_SECONDS:
        wake("deployments.tasks.look_when_due", lease.run_id, countdown=look_in)


@contextmanager
def fenced(lease: Lease, known: DeploymentRun | None = None) -> Iterator[DeploymentRun]:
    """A transaction over the locked run, entered only while the fence is ours; its end renews the lease.

    `known`: the run as this look has read it; what never changes once it runs is taken from there, and its
    steps, which nobody changes without taking the run over. Until the end the row's lock keeps everybody
    else off the lease. Lines and events are written last. Raises LeaseLost.
    """
    with transaction.atomic():
        run = _held(lease) if known is None else _held_anew(lease, known)
        with written_together(), gathered(run):
            with together(run) as changed:
                yield run
            renew(lease, **{name: getattr(run, name) for name in changed})


def _held(lease: Lease) -> DeploymentRun:
    """The row, locked."""
    held = DeploymentRun.objects.select_for_update(no_key=True, of=("self",)).order_by()
    wide = held.select_related("environment").defer("content")
    run = wide.filter(pk=lease.run_id, fence=lease.fence).first()
    if run is None:
        raise LeaseLost
    return run


def _held_anew(lease: Lease, known: DeploymentRun) -> DeploymentRun:
    """The row, locked, in another object: only what may have changed is read again."""
    statement, fields = _read_anew()
    with connection.cursor() as cursor:  # by hand, as `renew`: every transaction of a look begins with it
        cursor.execute(statement, [lease.run_id, lease.fence])
        row = cursor.fetchone()
    if row is None:
        raise LeaseLost
    run = copy(known)
    for field, value in zip(fields, row, strict=True):
        read = getattr(field, "from_db_value", None)
        run.__dict__[field.attname] = read(value, None, connection) if read else value
    if run.blue_id != known.blue_id:
        run._state.fields_cache.pop("blue", None)
    return run


_READ_ANEW = """
SELECT {} FROM "deployments_deploymentrun" WHERE id = %s AND fence = %s FOR NO KEY UPDATE""".strip()


@cache
def _read_anew() -> tuple[str, list[Any]]:
    """The statement that locks a run under its fence and reads what may have changed, and its fields."""
    by_name = {field.attname: field for field in DeploymentRun._meta.concrete_fields}
    fields = [by_name[name] for name in CHANGING]
    return _READ_ANEW.format(", ".join(f'"{field.column}"' for field in fields)), fields
