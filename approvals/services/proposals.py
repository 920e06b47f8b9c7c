"""A changed approval policy: proposed, signed at gate `policy` under the rules before it, adopted.

The first policy of an installation takes effect at once, but for the exceptions that it declares: those
wait for their signatures like any later change. Called by the platform file, the policy page and API, and
the sweep.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts import actors
from accounts.actors import Actor
from approvals import policy_document
from approvals.errors import NoProposal, PolicyNotMet
from approvals.models import PolicyProposal, PolicyVersion, SignOff
from approvals.policy import Action, require
from approvals.queries.people import present
from approvals.queries.versions import in_force, pending
from approvals.services import gates
from approvals.services.locking import locked
from approvals.services.signing import sign
from approvals.services.versions import adopt_first, kept, stream_of
from approvals.states import GateState, ProposalState
from events import clock
from events.errors import Invalid
from events.services import record

POLICY = actors.system("policy")
GATE = "policy"
LINK = "/policy/"


@transaction.atomic
def propose(section: Mapping[str, Any], *, actor: Actor) -> None:
    """Bring the policy to what the file says: at once when it is the first, else as a proposal.

    The same rules again do nothing, and end a proposal that the file has gone back on. Raises Invalid with
    every fault, PolicyNotMet when the present people could not meet a rule.
    """
    require(actor, Action.MANAGE_PLATFORM)
    document = _read(section)
    first = in_force().pk is None
    if first:
        _adopt_first(document, actor)
    digest = policy_document.digest_of(document)
    waiting = _locked_pending()
    if waiting is not None and waiting.digest != digest:
        _withdraw(waiting, actor, "Another policy was loaded.")
        waiting = None
    if waiting is None and kept().digest != digest:
        _open(document, digest, actor)


def _read(section: Mapping[str, Any]) -> dict[str, Any]:
    faults = policy_document.faults_of(section)
    if faults:
        fields: dict[str, list[str]] = {}
        for path, sentence in faults:
            fields.setdefault(f"approval_policy.{path}", []).append(sentence)
        raise Invalid("The approval policy is refused: " + " ".join(f[1] for f in faults), fields=fields)
    document = policy_document.resolved(section)
    digest = policy_document.digest_of(document)
    waiting = pending()
    if digest != in_force().digest and (waiting is None or waiting.digest != digest):
        unmet = policy_document.unmeetable(document, present())
        if unmet:
            raise PolicyNotMet("The present people could not meet this policy: " + " ".join(unmet))
    return document


def _adopt_first(document: dict[str, Any], actor: Actor) -> None:
    bare = policy_document.without_exceptions(document)
    adopt_first(
        PolicyVersion(
            number=1,
            document=bare,
            digest=policy_document.digest_of(bare),
            changes=policy_document.changes_between(None, bare),
            in_force_since=clock.now(),
            adopted_by=actor.id,
        )
    )


def _open(document: dict[str, Any], digest: str, actor: Actor) -> PolicyProposal:
    base = kept()
    number = base.number + 1
    changes = policy_document.changes_between(base.document, document)
    barred = {actor.id: f"{actor.label} proposed this change."} if actor.is_person else {}
    gate = gates.open_gate(
        kind=GATE,
        label=f"approval policy {number}",
        seal=digest,
        link=LINK,
        stream=stream_of(number),
        environment="",
        release_kind="",
        summary={"version": number, "before": base.digest, "changes": changes},
        barred=barred,
        actor=actor,
    )
    proposal = PolicyProposal.objects.create(
        document=document,
        digest=digest,
        changes=changes,
        base_number=base.number,
        gate=gate,
        proposed_by=actor.id,
        proposed_at=clock.now(),
    )
    record(
        gate.stream,
        "policy.proposed",
        actor.id,
        before={"version": base.number, "digest": base.digest},
        after={"version": number, "digest": digest},
        data={"changes": changes, "gate": gate.pk},
    )
    return proposal


@transaction.atomic
def sign_policy(*, actor: Actor, role: str, answer: str, remark: str = "", seal: str) -> SignOff:
    """Sign the changed policy that waits; the last signature adopts it, a no-go refuses it.

    Raises NoProposal and what `signing.sign` raises.
    """
    require(actor, Action.SIGN)
    proposal = _locked_pending()
    if proposal is None:
        raise NoProposal("No changed policy waits for signatures.")
    signoff = sign(proposal.gate_id, actor=actor, role=role, answer=answer, remark=remark, seal=seal)
    gates.re_judge(proposal.gate_id)
    _settle(proposal)
    return signoff


@transaction.atomic
def withdraw_proposal(*, actor: Actor, reason: str) -> PolicyProposal:
    """Take the changed policy back before it is adopted. Raises NoProposal, Invalid without a reason."""
    require(actor, Action.WITHDRAW_POLICY)
    if not reason.strip():
        raise Invalid("Say why it is taken back.", fields={"reason": ["Give a reason."]})
    proposal = _locked_pending()
    if proposal is None:
        raise NoProposal("No changed policy waits for signatures.")
    _withdraw(proposal, actor, reason.strip())
    return proposal


@transaction.atomic
def settle_proposal() -> None:
    """Lead the waiting proposal on by its gate: judge its signers again, adopt, refuse. By the sweep."""
    proposal = _locked_pending(skip_locked=True)
    if proposal is not None:
        gates.re_judge(proposal.gate_id)
        _settle(proposal)


def _locked_pending(*, skip_locked: bool = False) -> PolicyProposal | None:
    rows = PolicyProposal.objects.select_for_update(skip_locked=skip_locked)
    return rows.filter(state=ProposalState.PENDING).first()


def _settle(proposal: PolicyProposal) -> None:
    gate = locked(proposal.gate_id)
    if gate.status == GateState.SATISFIED:
        if not policy_document.unmeetable(proposal.document, present()):
            _adopt(proposal)
    elif not gate.is_live:
        proposal.refuse()
        proposal.closing_reason = gate.closing_reason
        proposal.save()
        record(
            gate.stream,
            "policy.refused",
            POLICY.id,
            before={"state": ProposalState.PENDING},
            after={"state": proposal.state},
            reason=gate.closing_reason,
            data={"gate": gate.pk, "digest": proposal.digest},
        )


def _adopt(proposal: PolicyProposal) -> None:
    number = proposal.base_number + 1
    PolicyVersion.objects.create(
        number=number,
        document=proposal.document,
        digest=proposal.digest,
        changes=proposal.changes,
        in_force_since=clock.now(),
        adopted_by=proposal.proposed_by,
        gate_id=proposal.gate_id,
    )
    proposal.adopt()
    proposal.save()
    record(
        stream_of(number),
        "policy.adopted",
        POLICY.id,
        before={"version": proposal.base_number},
        after={"version": number, "digest": proposal.digest},
        data={"changes": proposal.changes, "gate": proposal.gate_id, "proposed_by": proposal.proposed_by},
    )


def _withdraw(proposal: PolicyProposal, actor: Actor, reason: str) -> None:
    proposal.withdraw()
    proposal.closing_reason = reason
    proposal.save()
    gates.void(proposal.gate_id, reason=reason, actor=actor)
    record(
        stream_of(proposal.base_number + 1),
        "policy.withdrawn",
        actor.id,
        before={"state": ProposalState.PENDING},
        after={"state": proposal.state},
        reason=reason,
        data={"gate": proposal.gate_id, "digest": proposal.digest},
    )
