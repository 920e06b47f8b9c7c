"""How the services of this app ask the policy table, which lies above it.

The settings name the module (`PORTAL_POLICY`), as they name the permission class of the API: people
and tokens are managed under the same table as everything else, and no import points up.
"""

from __future__ import annotations

from importlib import import_module
from typing import Literal

from django.conf import settings

from accounts.actors import Actor

Verb = Literal["READ_PEOPLE", "MANAGE_PEOPLE", "OWN_TOKENS", "MANAGE_TOKENS", "NAME_DEPUTY"]


def refusal(actor: Actor, verb: Verb) -> str | None:
    """None when the table lets this actor do it, else the sentence that says who can."""
    policy = import_module(getattr(settings, "PORTAL_POLICY", "approvals.policy"))
    sentence: str | None = policy.may(actor, policy.Action[verb])
    return sentence


def require(actor: Actor, verb: Verb) -> None:
    """Raise NotAllowed unless the table lets this actor do it."""
    policy = import_module(getattr(settings, "PORTAL_POLICY", "approvals.policy"))
    policy.require(actor, policy.Action[verb])
