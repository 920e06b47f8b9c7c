"""RunStep: one step of a run's plan, as planned, as it goes and as it ended.

Transitions guard and assign; `deployments.services.outcomes` calls them under the run's fence.
"""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from deployments.models.runs import DeploymentRun
from deployments.states import StepState
from events import clock


class RunStep(models.Model):
    """One step of a run's plan, with its outcome in words. `data` is what the engine must remember."""

    run = models.ForeignKey(DeploymentRun, on_delete=models.CASCADE, related_name="steps")
    ordinal = models.PositiveSmallIntegerField()
    group = models.CharField(max_length=20)
    kind = models.CharField(max_length=20)
    region = models.CharField(max_length=60, blank=True)
    weight = models.PositiveSmallIntegerField(null=True, blank=True)
    title = models.CharField(max_length=200)
    state = FSMField(default=StepState.WAITING.value, choices=StepState.choices, protected=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    sentence = models.TextField(blank=True)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        """Order within the run."""

        ordering = ("run_id", "ordinal")
        constraints = (
            models.UniqueConstraint(fields=("run", "ordinal"), name="step_once_per_position"),
            models.CheckConstraint(condition=Q(state__in=StepState.values), name="step_state_known"),
            models.CheckConstraint(
                condition=Q(weight=None) | Q(weight__gte=0, weight__lte=100), name="step_weight_is_percent"
            ),
        )

    def __str__(self) -> str:
        return f"{self.run_id}.{self.ordinal} {self.title} ({self.state})"

    @property
    def step_state(self) -> StepState:
        """The state, typed."""
        return StepState(self.state)

    @transition(field=state, source=StepState.WAITING.value, target=StepState.RUNNING.value)
    def begin(self) -> None:
        """Its turn has come."""
        self.started_at = clock.now()

    @transition(field=state, source=StepState.RUNNING.value, target=StepState.DONE.value)
    def finish(self) -> None:
        """Seen to be done."""
        self.ended_at = clock.now()

    @transition(field=state, source=StepState.RUNNING.value, target=StepState.FAILED.value)
    def fail(self) -> None:
        """It cannot be done, or showed that green is bad."""
        self.ended_at = clock.now()

    @transition(field=state, source=StepState.WAITING.value, target=StepState.SKIPPED.value)
    def skip(self) -> None:
        """The run ended before its turn."""
        self.ended_at = clock.now()

    @transition(
        field=state, source=[StepState.RUNNING.value, StepState.DONE.value], target=StepState.RETURNED.value
    )
    def undo(self) -> None:
        """A return cut it short or took it back."""
        self.ended_at = clock.now()
