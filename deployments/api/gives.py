"""What the endpoints of deployments take and give, for strictness and for the description."""

from __future__ import annotations

from rest_framework import serializers

from deployments.models.environments import DataClass
from deployments.states import Intent, LineKind, RunKind, RunState, StepState
from rest.pagination import PageQuery, page_shape
from rest.strict import Strict, Text

Char = serializers.CharField
When = serializers.DateTimeField
MOST_SEQ = 2**63 - 1
MOST_LINES = 500


class SteerShape(Strict):
    """Why, for the record and for everybody who follows the run."""

    reason = Text(lines=True, required=False, allow_blank=True, max_length=4000)


class ListQuery(PageQuery):
    """Filters of the list of deployments."""

    environment = Text(required=False, max_length=60)
    release = Text(required=False, max_length=100, help_text="A version.")
    state = serializers.ChoiceField(choices=RunState.values, required=False)


class ProgressQuery(Strict):
    """From where on."""

    after = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST_SEQ, help_text="The `seq` read last; 0 by default."
    )
    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_LINES, help_text=f"{MOST_LINES} by default."
    )


class StepGiven(Strict):
    """One step of the plan."""

    ordinal = serializers.IntegerField()
    group = Char()
    kind = Char()
    region = Char(allow_blank=True)
    weight = serializers.IntegerField(allow_null=True, help_text="Percent of traffic on the new colour.")
    title = Char()
    state = serializers.ChoiceField(choices=StepState.choices)
    started_at = When(allow_null=True)
    ended_at = When(allow_null=True)
    seconds = serializers.FloatField(allow_null=True, help_text="How long it took.")
    sentence = Char(allow_blank=True)


class RegionGiven(Strict):
    """One region of a run, as it was last seen."""

    region = Char()
    percent = serializers.IntegerField(allow_null=True, help_text="Share of the new colour; null: unseen.")
    weights = serializers.DictField(child=serializers.IntegerField(), help_text="Slot to percent.")
    reachable = serializers.BooleanField()
    age_seconds = serializers.FloatField(allow_null=True)
    verdict = Char(allow_blank=True, help_text="pass, fail, inconclusive or error; blank before the first.")
    sentence = Char(allow_blank=True)
    limits = serializers.ListField(
        child=serializers.DictField(), help_text="Each limit with what was measured against it."
    )


class RunRow(Strict):
    """A deployment in a list."""

    id = serializers.IntegerField()
    environment = Char()
    kind = serializers.ChoiceField(choices=RunKind.choices)
    release = Char(help_text="The version.")
    state = serializers.ChoiceField(choices=RunState.choices)
    sentence = Char(allow_blank=True, help_text="What it waits for, or how it ended.")
    content_hash = Char()
    emergency = serializers.BooleanField()
    started_by = Char()
    queued_at = When()
    started_at = When(allow_null=True)
    ended_at = When(allow_null=True)


class RunGiven(RunRow):
    """A deployment, whole."""

    intent = serializers.ChoiceField(choices=Intent.choices, help_text="What a person wants of it.")
    slot = Char()
    seal = Char(allow_blank=True)
    reason = Char(allow_blank=True)
    blue = Char(allow_null=True, help_text="The version that served before; null: nothing did.")
    proved_by = serializers.IntegerField(allow_null=True, help_text="The run that proved it, one rung below.")
    retires = serializers.IntegerField(allow_null=True, help_text="The run whose old colour it takes down.")
    retained_until = When(allow_null=True, help_text="Until when the old colour is kept.")
    closed_at = When(allow_null=True, help_text="When the way back closed.")
    percent = serializers.IntegerField(allow_null=True, help_text="Share of the new colour over all regions.")
    verdict = Char(allow_blank=True)
    elapsed_seconds = serializers.FloatField(allow_null=True)
    next_step_in_seconds = serializers.FloatField(allow_null=True)
    plan = serializers.ListField(child=Char(), help_text="In sentences.")
    regions = RegionGiven(many=True)
    steps = StepGiven(many=True)
    seq = serializers.IntegerField(help_text="The newest line of its progress.")


class LineGiven(Strict):
    """One line of progress."""

    seq = serializers.IntegerField()
    at = When()
    kind = serializers.ChoiceField(choices=LineKind.choices)
    level = Char()
    region = Char(allow_blank=True)
    source = Char(allow_blank=True)  # type: ignore[assignment]
    text = Char(allow_blank=True)
    data = serializers.DictField()  # type: ignore[assignment]


class ProgressGiven(Strict):
    """Lines after a position, in order, none missing, none twice."""

    lines = LineGiven(many=True)
    seq = serializers.IntegerField(help_text="Ask `after` this next.")
    more = serializers.BooleanField(help_text="True: there are lines already beyond `seq`.")
    state = serializers.ChoiceField(choices=RunState.choices)
    sentence = Char(allow_blank=True)


class LiveComponentGiven(Strict):
    """One component of what serves."""

    name = Char()
    kind = Char()
    version = Char(allow_blank=True, help_text="Blank where no deployment of ours explains it.")
    artifact = Char()
    ready = serializers.BooleanField()
    reason = Char(allow_blank=True)


class LiveRegionGiven(Strict):
    """What serves in one region, as it was last seen."""

    region = Char()
    zone = Char()
    release = Char(allow_null=True, help_text="The version that has most traffic; null: nothing serves.")
    slot = Char(allow_null=True)
    weights = serializers.DictField(child=serializers.IntegerField())
    background = Char(allow_blank=True, help_text="The slot whose workers and schedules run.")
    components = LiveComponentGiven(many=True)
    addresses = serializers.DictField(child=Char())
    reachable = serializers.BooleanField()
    sentence = Char(allow_blank=True)
    mark = Char(allow_blank=True, help_text="Set by somebody who acted past the portal.")
    seen_at = When(allow_null=True)


class LockGiven(Strict):
    """Why ordinary runs stop here."""

    reason = Char()
    release = Char(allow_blank=True)
    since = When()
    by = Char()


class EnvironmentGiven(Strict):
    """One environment and what is live in it."""

    name = Char()
    purpose = Char(allow_blank=True)
    data_class = serializers.ChoiceField(choices=DataClass.choices)
    access = Char(allow_blank=True)
    deployers = serializers.ListField(child=Char())
    zone = Char()
    production = serializers.BooleanField()
    serving = Char(allow_null=True, help_text="The version that deployments brought here.")
    active_run = serializers.IntegerField(allow_null=True)
    waiting_runs = serializers.ListField(child=serializers.IntegerField())
    lock = LockGiven(allow_null=True)
    regions = LiveRegionGiven(many=True)


class EnvironmentsGiven(Strict):
    """The ladder, lowest first; the last is production."""

    results = EnvironmentGiven(many=True)


RunPage = page_shape("DeploymentPage", RunRow)
