"""What `next_step` can answer: ask the platform something, or record something about the run.

A `Call` is asked through the driver and its answer handed to the next invocation in the same look,
so that the decision stays pure while several calls make up one step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from platforms.base import JobResult, ProbeResult

Answer = ProbeResult | JobResult | None


@dataclass(frozen=True, slots=True)
class Call:
    """One driver call in one region. Only the fields of its kind are set."""

    kind: Literal["probe", "make_room", "ensure", "job", "switch", "retire"]
    region: str
    component: str = ""
    job: str = ""
    step: int = 0
    weights: tuple[tuple[str, int], ...] = ()
    background: str | None = None
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """Carry out this call and ask again with its answer; `note` is remembered with its step before."""

    call: Call
    sentence: str = ""
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Begin:
    """This step's turn has come. `traffic`: it may give green weight, remember that first."""

    step: int
    traffic: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Remember this with the step."""

    step: int
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """This step was seen to be done."""

    step: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Fail:
    """This step cannot be done. Before any weight the run fails, after it traffic goes back."""

    step: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Return:
    """Green is bad, or undecided for too long: all traffic goes back."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do now. `call_out`: the DevOps Engineer is to be called, once."""

    sentence: str
    look_in: float
    call_out: bool = False


@dataclass(frozen=True, slots=True)
class Succeed:
    """Every step is done."""

    sentence: str = ""


Move = Ask | Begin | Note | Done | Fail | Return | Wait | Succeed
