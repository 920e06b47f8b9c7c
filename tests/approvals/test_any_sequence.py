"""Any sequence of acts, people, roles, deputies, edits, clocks and policy versions against a small model.

No sequence may reach approved without the policy met, and none that meets it may be kept from it
(`machine.py`, `model.py`). The suite plays the same sequences every time. To play others, or more:

    HYPOTHESIS_SEQUENCES=500 ./portal test tests/approvals/test_any_sequence.py

and to see that it notices each guard that is left out (`mutants.py`): MUTANTS=1, or some words of the names.
"""

from __future__ import annotations

import os

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.approvals.machine import Sequences, set_the_scene
from tests.approvals.mutants import MUTANTS, Mutant, put_in

pytestmark = pytest.mark.django_db
SEQUENCES, STEPS = 30, 20
MORE = int(os.environ.get("HYPOTHESIS_SEQUENCES", "0"))


def asked_for() -> list[Mutant]:
    """The mutants that MUTANTS asks for: all of them (1), or those whose name holds one of these words."""
    words = os.environ.get("MUTANTS", "")
    return [m for m in MUTANTS if words == "1" or any(w in m.name for w in words.split(",") if w)]


def play(sequences: int, steps: int, *, shrink: bool) -> None:
    """Raise what the first sequence in which portal and model differ raises."""
    Sequences.everybody = set_the_scene()
    run_state_machine_as_test(
        Sequences,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=steps,
            deadline=None,
            derandomize=not shrink,
            database=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_sequence_reaches_approved_without_the_policy_met() -> None:
    play(MORE or SEQUENCES, STEPS, shrink=bool(MORE))


def is_noticed(mutant: Mutant) -> bool:
    """Does a sequence of the suite or a few more differ from the model?"""
    with transaction.atomic():
        try:
            with put_in(mutant):
                play(MORE or 150, STEPS, shrink=False)
        except Exception:
            return True
        finally:
            transaction.set_rollback(True)
    return False


@pytest.mark.parametrize("mutant", asked_for(), ids=lambda mutant: mutant.name)
def test_a_guard_that_is_left_out_is_noticed(mutant: Mutant) -> None:
    assert is_noticed(mutant)
