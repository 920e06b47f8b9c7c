"""The signatures of a release's gate as cards: who signed, who can, and whether it is this reader's turn.

In: a release with its gate, an actor. Out: `SignCard`s. Called by the release page and the room.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse

from accounts.actors import Actor
from accounts.roles import Role
from accounts.services.factors import WORDS
from approvals import policy
from approvals.acts import Act
from approvals.models import Gate, SignOff
from approvals.queries import RequirementStanding, standing
from releases.models import Release
from releases.states import ReleaseState
from releases.verbs import WAYS, Verb

FACTOR_WORDS = {"session": "by login", "token": "by API token"}


@dataclass(frozen=True, slots=True)
class SignCard:
    """One requirement: its state in words of the design, the signature that stands, who can give one."""

    id: str
    role: str
    role_value: str
    state: str
    meaning: str
    by: str = ""
    stands_in_for: str = ""
    at: datetime | None = None
    remark: str = ""
    reason: str = ""
    seal: str = ""
    factors: str = ""
    yours: bool = False
    who_can: tuple[str, ...] = ()
    your_refusal: str = ""
    withdraw: Act | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of any round, for the table below the cards."""

    round: int
    at: datetime
    role: str
    by: str
    state: str
    word: str
    reason: str
    seal: str


def cards(release: Release, actor: Actor) -> list[SignCard]:
    """One card a requirement, in the policy's order; none while nobody is asked."""
    gate = release.gate
    if gate is None:
        return []
    return [_card(release, row, actor, gate) for row in standing(gate)]


def _card(release: Release, row: RequirementStanding, actor: Actor, gate: Gate) -> SignCard:
    live = gate.is_live
    mine = live and actor.label in row.who_can and actor.is_person
    last = row.signoffs[-1] if row.signoffs else None
    state = "you" if row.state == "waiting" and mine else row.state
    base = SignCard(row.role.value, row.role.label, row.role.value, state, row.meaning, who_can=row.who_can)
    if last is None:
        asked = live and row.role in actor.roles and not mine
        refused = policy.may_sign(gate, actor, row.role) if asked else None
        return replace(base, yours=state == "you", your_refusal=refused or "")
    return replace(
        base,
        by=last.person.handle,
        stands_in_for=last.stands_in_for.handle if last.stands_in_for else "",
        at=last.at,
        remark=last.remark,
        reason=last.invalid_reason,
        seal=last.seal,
        factors=_factors(last),
        withdraw=_withdraw(release, last, actor),
    )


def _factors(signoff: SignOff) -> str:
    factor = WORDS.get(str(signoff.factors.get("factor", "")), "")
    channel = FACTOR_WORDS.get(str(signoff.factors.get("channel", "")), "")
    return f"{channel} and {factor}" if channel and factor else channel


def _withdraw(release: Release, signoff: SignOff, actor: Actor) -> Act | None:
    own = actor.user is not None and signoff.person_id == actor.user.pk
    if not own or not signoff.stands or release.status not in WAYS[Verb.WITHDRAW].states:
        return None
    url = reverse("releases:withdraw", args=[release.version, signoff.pk])
    return Act(f"withdraw-{signoff.pk}", "Withdraw", url, "reset", asks=True)


def answers(release: Release) -> list[Answered]:
    """Every answer that any round of this release ever got, newest first."""
    if release.gate is not None and release.gate.round == 1:
        return [_answered(signoff) for signoff in reversed(list(release.gate.signoffs.all()))]
    found = (
        SignOff.objects.filter(gate__stream=release.stream)
        .select_related("gate", "person")
        .order_by("-at", "-pk")[:50]
    )
    return [_answered(signoff) for signoff in found]


def _answered(signoff: SignOff) -> Answered:
    if signoff.withdrawn_at:
        state, word, reason = "withdrawn", "Withdrawn", signoff.withdrawn_reason
    elif signoff.invalid_reason:
        state, word, reason = "void", "Not valid", signoff.invalid_reason
    elif signoff.answer == "no_go":
        state, word, reason = "veto", "Veto", signoff.remark
    elif signoff.gate.state == "void":
        state, word, reason = "void", "Reset", signoff.gate.closing_reason
    else:
        state, word, reason = "signed", "Signed", signoff.remark
    role = Role(signoff.role).label
    return Answered(
        signoff.gate.round, signoff.at, role, signoff.person.handle, state, word, reason, signoff.seal
    )


def roles_to_sign(release: Release, sign_cards: list[SignCard]) -> list[tuple[str, str]]:
    """The roles in which this reader can sign now, with what the signature means."""
    if release.status != ReleaseState.REVIEW:
        return []
    return [(card.role_value, f"{card.role}: {card.meaning}") for card in sign_cards if card.yours]
