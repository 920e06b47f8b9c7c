"""The approval policy: the rules in force, a change that waits for signatures, earlier versions.

In: nothing; a POST to `sign/` signs the change, one to `take-back/` ends it. Out: desk/policy.html. A GET
never signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from accounts.actors import Actor
from accounts.errors import FactorNeeded
from accounts.queries import labels
from accounts.roles import Role
from accounts.services.refusals import refused as record_refusal
from accounts.services.refusals import wrong_form
from approvals import queries
from approvals.acts import Act, Confirm, refusal
from approvals.emergency_rules import KINDS
from approvals.errors import NoProposal
from approvals.models import PolicyVersion
from approvals.pages import ActPage, PolicyPage
from approvals.policy import Action, may, may_sign
from approvals.rules import EXCEPTIONS, Asked, Rule, rules_of
from approvals.services.proposals import sign_policy, withdraw_proposal
from events.errors import PortalError
from releases.forms import MustReason, SignForm


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule as the table shows it."""

    name: str
    gate: str
    place: str
    kinds: str
    asks: list[str]
    owed: list[str]
    expires: str
    never: str
    exceptions: list[tuple[str, str]]


def _row(rule: Rule) -> RuleRow:
    owed = rule.owed_within
    return RuleRow(
        name=rule.name,
        gate=rule.gate,
        place=rule.environment or "everywhere",
        kinds=", ".join(rule.release_kinds) or "every kind",
        asks=[_may(one) if rule.gate in KINDS.values() else _in_words(one) for one in rule.signatures],
        owed=[f"{_in_words(one)}, within {owed.total_seconds() / 3600:g} h" for one in rule.owed if owed],
        expires=f"{rule.expires_after.total_seconds() / 86_400:g} days" if rule.expires_after else "no end",
        never=", ".join(rule.never_sign),
        exceptions=[(EXCEPTIONS[name], reason) for name, reason in rule.exceptions.items()],
    )


def _may(one: Asked) -> str:
    """Such a rule names who may act, each by themselves, not who must sign."""
    return f"any {one.role.label}: {one.meaning}"


def _in_words(one: Asked) -> str:
    return f"{one.count} × {one.role.label}: {one.meaning}"


def shown(actor: Actor, form: SignForm | None = None, error: PortalError | None = None) -> dict[str, Any]:
    """Everything that the page shows to this reader."""
    version, waiting = queries.in_force(), queries.pending()
    versions = list(PolicyVersion.objects.order_by("-number"))
    ids = [one.adopted_by for one in versions] + ([waiting.proposed_by] if waiting else [])
    context: dict[str, Any] = {
        "version": version,
        "rules": [_row(rule) for rule in rules_of(version.document)],
        "waiting": waiting,
        "versions": versions,
        "names": labels(ids),
        "error": error,
    }
    if waiting is None:
        return context
    gate = queries.gates().get(pk=waiting.gate_id)
    rows = queries.standing(gate)
    waits = [row.role for row in rows if row.state == "waiting"]
    roles = [(role.value, role.label) for role in waits if may_sign(gate, actor, role) is None]
    told = may(actor, Action.SIGN) or next(
        (sentence for role in waits if (sentence := may_sign(gate, actor, role)) and role in actor.roles), ""
    )
    return context | {
        "gate": gate,
        "standing": rows,
        "sign_form": SignForm(form.data if form else None, roles=roles) if roles else None,
        "sign_refusal": "" if roles else told or "Nobody waits for your signature here.",
        "take_back": Act(
            "take-back",
            "Take the change back",
            reverse("desk:policy-take-back"),
            "reset",
            refused=refusal(actor, Action.WITHDRAW_POLICY),
            asks=True,
        ),
    }


class Policy(PolicyPage):
    """`/policy/`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The rules as they are now."""
        return render(request, "desk/policy.html", shown(self.actor))


class SignPolicy(PolicyPage):
    """`/policy/sign/`: POST signs the change that waits."""

    action = None

    def get(self, request: HttpRequest) -> HttpResponse:
        """After an interrupting login: the page."""
        return HttpResponseRedirect(reverse("desk:policy"))

    def post(self, request: HttpRequest) -> HttpResponse:
        """One signature about the digest that the form carries."""
        form = SignForm(request.POST, roles=[(role.value, role.label) for role in Role])
        if not form.is_valid():
            wrong_form(request, self.actor, form)
            return render(request, "desk/policy.html", shown(self.actor, form), status=400)
        data = form.cleaned_data
        try:
            sign_policy(actor=self.actor, **data | {"remark": data["remark"].replace("\r\n", "\n")})
        except FactorNeeded:
            raise
        except PortalError as error:
            record_refusal(request, self.actor, error)
            return render(request, "desk/policy.html", shown(self.actor, form, error), status=error.status)
        messages.success(request, "Your answer about the changed policy is on the record.")
        return HttpResponseRedirect(reverse("desk:policy"))


class TakeBack(ActPage):
    """`/policy/take-back/`: end the change that waits."""

    form_class: type[forms.Form] = MustReason

    def confirm(self) -> Confirm:
        """What it ends."""
        waiting = queries.pending()
        if waiting is None:
            raise NoProposal("No changed policy waits for signatures.")
        return Confirm(
            id="take-back",
            title="Take the changed policy back?",
            effects=[
                f"Version {waiting.base_number} stays in force.",
                "Its signatures end; loading the file again proposes it again.",
            ],
            label="Take it back",
            url=self.request.path,
            icon="reset",
            kind="danger",
            keep_url=self.done_url(),
        )

    def stands(self) -> str:
        """That a change waits."""
        return "A changed approval policy waits for signatures."

    def done_url(self) -> str:
        """The policy."""
        return reverse("desk:policy")

    def perform(self, data: dict[str, Any]) -> str:
        """Take it back."""
        withdraw_proposal(actor=self.actor, reason=data["reason"])
        return "The changed policy was taken back."
