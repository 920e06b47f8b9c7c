"""Lock an environment for ordinary runs after a rollback, and lift the lock when lessons are recorded.

Called by `releases` inside its own transaction, on the release's stream.
"""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from approvals import policy
from approvals.policy import Action
from deployments.errors import AlreadyLocked, NotInThisState
from deployments.models import Environment, EnvironmentLock
from deployments.services.clockwork import look_at_queue
from events import clock
from events.services import record


def lock(
    environment: Environment, *, reason: str, release_label: str, actor: Actor, stream: str
) -> EnvironmentLock:
    """Stop ordinary runs of this environment; raises AlreadyLocked when one lock is open."""
    policy.require(actor, Action.ABORT)
    with transaction.atomic():
        locked = Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)
        if locked.locks.filter(lifted_at=None).exists():
            raise AlreadyLocked(f"{environment.name} is locked already.")
        made = EnvironmentLock.objects.create(
            environment=locked, reason=reason, release_label=release_label, since=clock.now(), by=actor.id
        )
        after = {"environment": locked.name, "release": release_label}
        record(stream, "environment.locked", actor.id, after=after, reason=reason)
    return made


def lift(environment: Environment, *, reason: str, actor: Actor, stream: str) -> EnvironmentLock:
    """Let ordinary runs go on; raises NotInThisState when nothing is locked."""
    policy.require(actor, Action.RECORD_LESSONS)
    with transaction.atomic():
        open_locks = EnvironmentLock.objects.select_for_update(no_key=True)
        found = open_locks.filter(environment=environment, lifted_at=None).first()
        if found is None:
            raise NotInThisState(f"{environment.name} is not locked.")
        found.lifted_at, found.lifted_by, found.lifted_reason = clock.now(), actor.id, reason
        found.save(update_fields=("lifted_at", "lifted_by", "lifted_reason"))
        look_at_queue(environment.pk)
        before = {"environment": environment.name, "release": found.release_label}
        record(stream, "environment.unlocked", actor.id, before=before, reason=reason)
    return found
