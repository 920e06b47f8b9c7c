"""`policy/` and `deputies/`: the approval policy, signing a change of it, and who stands in for whom."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Deputy
from accounts.queries import standing_deputies, user_by_name
from accounts.services.deputies import end_deputy, name_deputy
from approvals import queries
from approvals.models import PolicyProposal, SignOff
from approvals.policy import Action
from approvals.services.proposals import sign_policy, withdraw_proposal
from events.errors import Invalid
from releases.api.gives import RequirementGiven, SignOffGiven
from releases.api.show import signoff
from releases.api.takes import ReasonShape, SignShape
from rest.schema import operation
from rest.strict import Moment, Strict, Text, body_of
from rest.views import Endpoint

Char = serializers.CharField
SEAL = "9f2c" + "0" * 60
CHANGES = ["“production” was: … It becomes: …"]
SIGN = {"role": "security_officer", "answer": "go", "seal": SEAL}
SIGNED = SIGN | {
    "id": 31,
    "remark": "",
    "meaning": "agreed to the new rules",
    "by": "sasha",
    "at": "2026-11-24T15:02:00Z",
    "stands": True,
    "stands_in_for": None,
}
PROPOSAL: dict[str, Any] = {
    "becomes_version": 2,
    "seal": SEAL,
    "state": "pending",
    "changes": CHANGES,
    "proposed_at": "2026-11-24T14:00:00Z",
    "requirements": [],
    "closing_reason": "",
}
POLICY: dict[str, Any] = {
    "version": 1,
    "digest": SEAL,
    "in_force_since": "2026-11-01T09:00:00Z",
    "rules": [{"name": "production", "gate": "production"}],
    "pending": PROPOSAL,
}
DEPUTY: dict[str, Any] = {
    "principal": "rita",
    "deputy": "quinn",
    "role": "release_manager",
    "since": "2026-12-01T00:00:00Z",
    "until": "2026-12-08T00:00:00Z",
    "reason": "Holidays.",
}


class ProposalGiven(Strict):
    """A changed policy and who must agree to it."""

    becomes_version = serializers.IntegerField()
    seal = Char(help_text="What signers of the change name.")
    state = Char()
    changes = serializers.ListField(child=Char())
    proposed_at = serializers.DateTimeField()
    requirements = RequirementGiven(many=True)
    closing_reason = Char(allow_blank=True)


class PolicyGiven(Strict):
    """The rules in force, whole, and the change that waits."""

    version = serializers.IntegerField()
    digest = Char()
    in_force_since = serializers.DateTimeField()
    rules = serializers.ListField(child=serializers.DictField())
    pending = ProposalGiven(allow_null=True)


class DeputyShape(Strict):
    """Who stands in for whom, in which role, for how long."""

    principal = Text(max_length=40, help_text="Login of whoever is away.")
    deputy = Text(max_length=40, help_text="Login of whoever stands in.")
    role = Text(max_length=40)
    since = Moment()
    until = Moment()
    reason = Text(max_length=300)


class DeputyGiven(Strict):
    """A deputy."""

    id = serializers.IntegerField()
    principal = Char()
    deputy = Char()
    role = Char()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    reason = Char()
    ended_at = serializers.DateTimeField(allow_null=True)


class Policy(Endpoint):
    """`/api/v1/policy/`."""

    policy_actions: ClassVar = {"GET": Action.READ_RELEASES}

    @operation("Policy", "Read the approval policy", gives=PolicyGiven, answer=POLICY, name="policy_read")
    def get(self, request: Request) -> Response:
        """The version in force and the change that waits."""
        version, waiting = queries.in_force(), queries.pending()
        return Response(
            {
                "version": version.number,
                "digest": version.digest,
                "in_force_since": version.in_force_since,
                "rules": version.document["rules"],
                "pending": proposal(waiting) if waiting else None,
            }
        )


class PolicySignOffs(Endpoint):
    """`/api/v1/policy/sign-offs/`."""

    policy_actions: ClassVar = {"POST": Action.SIGN}

    @operation(
        "Policy",
        "Sign a changed policy",
        description="Under the rules before it. The last signature adopts it, a no_go refuses it.",
        takes=SignShape,
        gives=SignOffGiven,
        status=201,
        example=SIGN,
        answer=SIGNED,
        refuses=(404,),
        name="policy_sign",
    )
    def post(self, request: Request) -> Response:
        """The signature as it is stored."""
        given: SignOff = sign_policy(actor=self.actor, **body_of(request, SignShape))
        return Response(signoff(given), status=201)


class PolicyTakeBack(Endpoint):
    """`/api/v1/policy/take-back/`."""

    policy_actions: ClassVar = {"POST": Action.WITHDRAW_POLICY}

    @operation(
        "Policy",
        "Take a changed policy back",
        takes=ReasonShape,
        gives=ProposalGiven,
        example={"reason": "The wrong file."},
        answer=PROPOSAL | {"state": "withdrawn", "closing_reason": "The wrong file."},
        refuses=(404,),
        name="policy_take_back",
    )
    def post(self, request: Request) -> Response:
        """The change, ended."""
        return Response(proposal(withdraw_proposal(actor=self.actor, **body_of(request, ReasonShape))))


class Deputies(Endpoint):
    """`/api/v1/deputies/`."""

    policy_actions: ClassVar = {"GET": Action.READ_PEOPLE, "POST": Action.NAME_DEPUTY}

    @operation(
        "Policy",
        "Read who stands in for whom",
        description="Now and to come, the soonest first.",
        gives=DeputyGiven(many=True),
        answer=DEPUTY | {"id": 3, "ended_at": None},
        name="deputies_list",
    )
    def get(self, request: Request) -> Response:
        """Those whose time is not over."""
        return Response([deputy(one) for one in standing_deputies()])

    @operation(
        "Policy",
        "Name a deputy",
        description="One's own, for a role that one holds; an Administrator names anybody's.",
        takes=DeputyShape,
        gives=DeputyGiven,
        status=201,
        example=DEPUTY,
        answer=DEPUTY | {"id": 3, "ended_at": None},
        name="deputies_name",
    )
    def post(self, request: Request) -> Response:
        """The deputy as it is stored."""
        asked = body_of(request, DeputyShape)
        people = {which: user_by_name(asked.pop(which)) for which in ("principal", "deputy")}
        unknown = {which: ["Nobody has this login."] for which, user in people.items() if user is None}
        principal, stand_in = people["principal"], people["deputy"]
        if principal is None or stand_in is None:
            raise Invalid("Nobody has this login.", fields=unknown)
        return Response(deputy(name_deputy(principal, stand_in, actor=self.actor, **asked)), status=201)


class OneDeputy(Endpoint):
    """`/api/v1/deputies/{id}/`."""

    policy_actions: ClassVar = {"DELETE": Action.NAME_DEPUTY}

    @operation(
        "Policy",
        "End a deputy before the time",
        writes=True,
        gives=DeputyGiven,
        answer=DEPUTY | {"id": 3, "ended_at": "2026-12-03T10:00:00Z"},
        refuses=(404,),
        name="deputies_end",
    )
    def delete(self, request: Request, pk: int) -> Response:
        """The deputy, ended."""
        return Response(deputy(end_deputy(pk, actor=self.actor)))


def proposal(found: PolicyProposal) -> dict[str, Any]:
    """A changed policy with who has signed and who can."""
    return {
        "becomes_version": found.base_number + 1,
        "seal": found.digest,
        "state": found.state,
        "changes": found.changes,
        "proposed_at": found.proposed_at,
        "requirements": [
            {
                "role": row.role.value,
                "meaning": row.meaning,
                "needed": row.needed,
                "state": row.state,
                "signoffs": [signoff(given) for given in row.signoffs],
                "who_can": list(row.who_can),
            }
            for row in queries.standing(found.gate)
        ],
        "closing_reason": found.closing_reason,
    }


def deputy(found: Deputy) -> dict[str, Any]:
    """Who stands in for whom."""
    return {
        "id": found.pk,
        "principal": found.principal.handle,
        "deputy": found.deputy.handle,
        "role": found.role,
        "since": found.since,
        "until": found.until,
        "reason": found.reason,
        "ended_at": found.ended_at,
    }
