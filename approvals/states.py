"""States and answers of gates, sign-offs and decisions (ARCHITECTURE: "Vocabulary and states")."""

from __future__ import annotations

from django.db import models


class GateState(models.TextChoices):
    """Where the question of a gate stands; the last three are ends."""

    OPEN = "open", "Open"
    SATISFIED = "satisfied", "Satisfied"
    REJECTED = "rejected", "Rejected"
    EXPIRED = "expired", "Expired"
    VOID = "void", "Void"


LIVE = (GateState.OPEN, GateState.SATISFIED)
"""The states in which a gate still takes answers."""


class Answer(models.TextChoices):
    """What a sign-off says."""

    GO = "go", "Go"
    NO_GO = "no_go", "No-go"


class DecisionAnswer(models.TextChoices):
    """What the Release Manager decides, apart from signing."""

    GO = "go", "Go"
    NO_GO = "no_go", "No-go"
    POSTPONE = "postpone", "Postpone"


class ProposalState(models.TextChoices):
    """Where a changed policy stands; the last three are ends."""

    PENDING = "pending", "Pending"
    ADOPTED = "adopted", "Adopted"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"
