"""What the endpoints of releases give: the shapes of `releases.api.show`, for the description."""

from __future__ import annotations

from rest_framework import serializers

from approvals.states import Answer, DecisionAnswer, GateState
from releases.states import MOMENTS, ComponentKind, Kind, MigrationClass, Outcome, ReleaseState, Verdict
from rest.pagination import page_shape
from rest.schema import BlockerShape
from rest.strict import Strict

Char = serializers.CharField
When = serializers.DateTimeField


def _map(help_text: str = "") -> serializers.DictField:
    return serializers.DictField(child=Char(allow_blank=True), help_text=help_text)


class WindowGiven(Strict):
    """A production window."""

    start = When()
    end = When()
    zone = Char(help_text="The zone that people think in.")


class MigrationGiven(Strict):
    """A migration."""

    vars()["class"] = serializers.ChoiceField(choices=MigrationClass.choices)
    hash = Char(allow_blank=True)


class ComponentGiven(Strict):
    """One component of the content."""

    kind = serializers.ChoiceField(choices=ComponentKind.choices)
    edge = serializers.BooleanField(help_text="Takes traffic from outside, split by weight.")
    artifact = Char()
    version = Char(allow_blank=True)
    configuration = _map()
    migration = MigrationGiven()
    secrets = _map("Names to versions.")
    brought = serializers.BooleanField(help_text="False: copied from the base.")


class BaseGiven(Strict):
    """What production ran when the content was made."""

    run = serializers.IntegerField(allow_null=True)
    version = Char(allow_null=True)
    content_hash = Char(allow_null=True)


class AuthorGiven(Strict):
    """Somebody who wrote what the release brings; may not sign it."""

    host = Char()
    login = Char()
    name = Char(allow_blank=True)
    person = Char(allow_null=True, help_text="Who it is in the portal; null blocks the submission.")
    declared = serializers.BooleanField(help_text="False: by changing the content here.")


class ItemGiven(Strict):
    """One line of the checklist or the validations with its newest result."""

    name = Char()
    title = Char()
    about_artefacts = serializers.BooleanField(help_text="A result counts for the content it was given for.")
    source = Char()  # type: ignore[assignment]
    state = serializers.ChoiceField(
        choices=["missing", "stale", *Outcome.values],
        help_text="stale: given for other content.",
    )
    remark = Char(allow_blank=True)
    link = Char(allow_blank=True)
    by = Char(allow_null=True)
    at = When(allow_null=True)
    content_hash = Char(allow_null=True)


class FactGiven(Strict):
    """A fact as somebody gave it."""

    name = Char()
    value = serializers.ChoiceField(choices=Verdict.choices)
    remark = Char(allow_blank=True)
    link = Char(allow_blank=True)
    by = Char()
    at = When()


class SignOffGiven(Strict):
    """One person's answer."""

    id = serializers.IntegerField()
    role = Char()
    answer = serializers.ChoiceField(choices=Answer.choices)
    meaning = Char()
    remark = Char(allow_blank=True)
    seal = Char()
    by = Char()
    at = When()
    stands = serializers.BooleanField(help_text="False: withdrawn, or no longer valid.")
    stands_in_for = Char(allow_null=True, help_text="Whose deputy signed.")


class RequirementGiven(Strict):
    """What one role is asked, and who can answer now."""

    role = Char()
    meaning = Char()
    needed = serializers.IntegerField()
    state = serializers.ChoiceField(choices=["waiting", "signed", "veto", "void"])
    signoffs = SignOffGiven(many=True)
    who_can = serializers.ListField(child=Char())


class DecisionGiven(Strict):
    """What the Release Manager decided."""

    answer = serializers.ChoiceField(choices=DecisionAnswer.choices)
    reason = Char(allow_blank=True)
    seal = Char()
    by = Char()
    at = When()
    stands = serializers.BooleanField()


class GateGiven(Strict):
    """The question to the roles about one seal."""

    state = serializers.ChoiceField(choices=GateState.choices)
    seal = Char()
    round = serializers.IntegerField()
    opened_at = When()
    closing_reason = Char(allow_blank=True)
    policy_version = serializers.IntegerField(help_text="The version that it keeps.")
    expires_at = When(allow_null=True)
    owed = serializers.DictField(allow_null=True, help_text="Signatures that may come later, and by when.")
    tightened = Char(allow_blank=True, help_text="What the policy in force asks more, if anything.")
    requirements = RequirementGiven(many=True)
    decision = DecisionGiven(allow_null=True)


class LessonsGiven(Strict):
    """Cause and lessons of a rollback."""

    cause = Char()
    lessons = Char()
    actions = serializers.ListField(child=Char())
    by = Char()
    at = When()


class ReleaseRow(Strict):
    """A release in a list."""

    version = Char()
    kind = serializers.ChoiceField(choices=Kind.choices)
    title = Char(allow_blank=True)
    state = serializers.ChoiceField(choices=ReleaseState.choices)
    commit = Char()
    content_hash = Char()
    seal = Char(allow_null=True, help_text="null until the plan is frozen.")
    window = WindowGiven(allow_null=True)
    emergency = serializers.BooleanField()
    staging_run = serializers.IntegerField(allow_null=True, help_text="Id of the deployment.")
    production_run = serializers.IntegerField(allow_null=True, help_text="Id of the deployment.")
    created_by = Char()
    created_at = When()
    changed_at = When()
    revision = serializers.IntegerField(help_text="Counts every change.")


class ReleaseGiven(ReleaseRow):
    """A release, whole."""

    headline = Char(help_text="Where it stands, in one sentence.")
    notes = Char(allow_blank=True)
    base = BaseGiven()
    components = serializers.DictField(child=ComponentGiven())
    missing = serializers.ListField(child=Char(), help_text="Components without a digest.")
    authors = AuthorGiven(many=True)
    checklist = ItemGiven(many=True)
    validations = ItemGiven(many=True)
    facts = FactGiven(many=True, help_text="The newest of each name.")
    plan = serializers.ListField(child=Char(), help_text="What the deployment will do, in sentences.")
    live_seal = Char(help_text="The seal as it would be frozen now, or as it is.")
    gate = GateGiven(allow_null=True)
    emergency_reason = Char(allow_blank=True)
    forward_fix_plan = Char(allow_blank=True)
    monitoring_ends_at = When(allow_null=True)
    extended_because = Char(allow_blank=True)
    closing_reason = Char(allow_blank=True)
    lessons = LessonsGiven(many=True)
    follows = Char(allow_null=True)
    followed_by = serializers.ListField(child=Char())


class StartedGiven(ReleaseGiven):
    """A release whose run was started or sent back."""

    run = serializers.IntegerField(help_text="Id of the deployment to follow.")


ReleasePage = page_shape("ReleasePage", ReleaseRow)


class ReadinessFact(Strict):
    """One fact of readiness."""

    name = Char()
    label = Char()  # type: ignore[assignment]
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    value = Char(allow_blank=True)
    sentence = Char()
    source = Char(allow_blank=True)  # type: ignore[assignment]
    at = When(allow_null=True)
    age_seconds = serializers.IntegerField(allow_null=True)
    who = Char(allow_blank=True, help_text="Who can clear it.")
    link = Char(allow_blank=True)


class ReadinessGiven(Strict):
    """May it go on? Judged anew at each call."""

    version = Char()
    environment = Char()
    moment = serializers.ChoiceField(choices=MOMENTS)
    seal = Char(allow_null=True)
    answer = serializers.ChoiceField(choices=["go", "wait", "no_go"])
    facts = ReadinessFact(many=True)
    blockers = BlockerShape(many=True)


class WatchingGiven(Strict):
    """Somebody watches the start."""

    by = Char()
    at = When()


class FreezeGiven(Strict):
    """A time in which production must not move."""

    id = serializers.IntegerField()
    name = Char()
    starts_at = When(allow_null=True)
    ends_at = When(allow_null=True)
    weekly = serializers.DictField(child=Char(), allow_null=True, help_text="Local in `zone`: from and to.")
    zone = Char()
    environments = serializers.ListField(child=Char())
    passes = serializers.ListField(child=Char(), help_text="Kinds of release that may start all the same.")
    reason = Char()
    by = Char()
    source = Char()  # type: ignore[assignment]


FreezePage = page_shape("FreezePage", FreezeGiven)
