"""Acts as a page shows them: a button that works, or one that says why not and who can.

In: what the policy table and the services refuse. Out: `Act` and `Confirm`, drawn by
templates/components/act.html and confirm.html. Called by the views of every room above.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.forms import Form

from accounts.actors import Actor
from approvals.policy import Action, may
from events.errors import PortalError


@dataclass(frozen=True, slots=True)
class Act:
    """One control. `refused` is empty when it may be pressed.

    `asks` means that pressing it first opens a sheet (without JavaScript: the page at `url`) for a
    reason or a confirmation; else it is a form that posts at once with the `hidden` values.
    """

    id: str
    label: str
    url: str
    icon: str = ""
    kind: str = ""
    refused: str = ""
    asks: bool = False
    hint: str = ""
    hidden: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Confirm:
    """What is asked before an act: a title, its effect in numbers, the fields, the two ways on."""

    id: str
    title: str
    effects: list[str]
    label: str
    url: str
    icon: str = "check"
    kind: str = "primary"
    keep: str = "Keep as it is"
    keep_url: str = "/"
    form: Form | None = None
    hidden: tuple[tuple[str, str], ...] = ()
    error: PortalError | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def refusal(actor: Actor, action: Action, *checks: Callable[[], str | None]) -> str:
    """The first reason why this actor cannot do it now, or "": the table's, then each check's."""
    sentence = may(actor, action)
    for check in checks:
        if sentence is not None:
            break
        sentence = check()
    return sentence or ""
