"""Any sequence of acts, people, roles, deputies, edits, clocks and policy versions against a small model.

No sequence may reach approved without the policy met, and none that meets it may be kept from it
(`machine.py`, `model.py`). The suite plays the same sequences every time. To play others, or more:

    HYPOTHESIS_SEQUENCES=500 ./portal test tests/approvals/test_any_sequence.py

and to see that it notices each guard that is left out (`mutants.py`; some minutes): MUTANTS=1.
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
                play(150, STEPS, shrink=False)
        except Exception:
            return True
        finally:
            transaction.set_rollback(True)
    return False


@pytest.mark.skipif("MUTANTS" not in os.environ, reason="MUTANTS=1 tries every guard left out, in minutes")
def test_every_guard_that_is_left_out_is_noticed() -> None:
    assert [mutant.name for mutant in MUTANTS if not is_noticed(mutant)] == []
