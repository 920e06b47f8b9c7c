"""Ask the gate again about the same seal: after it expired, or under a newer approval policy.

Called by `…/ask-again/` and the go/no-go room.
"""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from approvals.queries import in_force
from approvals.services import gates
from releases.errors import NothingToAsk
from releases.models import Release
from releases.services import owing
from releases.services.asking import ask
from releases.services.keeping import keep, taken
from releases.states import ReleaseState
from releases.verbs import Verb


@transaction.atomic
def ask_again(version: str, *, actor: Actor) -> Release:
    """End the gate with its signatures and open the next round under the policy in force.

    Content, plan, seal and staging stay. Raises NotAllowed, ReleaseNotFound, WrongReleaseState, NothingToAsk
    while the gate is good and asks under the policy in force.
    """
    release = taken(version, Verb.ASK_AGAIN, actor)
    gate = release.gate
    assert gate is not None  # from review on there is one
    number = in_force().number
    if gate.is_live and gate.policy_version == number:
        raise NothingToAsk(
            f"The gate of {version} takes answers and asks under version {number} of the approval "
            "policy, which is in force. There is nothing to ask again for."
        )
    reason = f"{actor.label} asked again under version {number} of the approval policy."
    owing.never_ran(gates.void(gate.pk, reason=reason, actor=actor), reason=reason, actor=actor)
    before = {"state": release.status, "gate": gate.pk, "round": gate.round}
    if release.status == ReleaseState.APPROVED:
        release.return_to_review()
    ask(release, actor)
    assert release.gate is not None
    after = {"state": release.status, "gate": release.gate.pk, "round": release.gate.round}
    keep(release, "release.asked_again", actor.id, before=before, after=after, reason=reason)
    return release
