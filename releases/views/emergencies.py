"""Emergencies as pages: stops in force, reviews that are owed, and their acts.

In: the address. Out: releases/emergency.html, or the question before an act. A GET never acts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms as django_forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.actors import Actor
from accounts.queries import labels
from accounts.roles import Role
from approvals.acts import Act, Confirm, refusal
from approvals.errors import GateNotFound
from approvals.models import EmergencyStop, Gate, Review
from approvals.pages import ActPage, PolicyPage
from approvals.policy import Action, may_sign
from approvals.queries import read, standings
from approvals.queries.owed import owed_reviews
from approvals.services import signing
from approvals.services import stopping as stops
from approvals.states import GateState
from approvals.stops import in_force
from deployments import queries as deployments
from deployments.services import stopping
from events import clock
from releases import forms
from releases.queries.emergencies import stop_effect

HERE = "emergency:here"
PAST = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A gate on this page: who has signed, who can, and the acts on it."""

    title: str
    text: str
    tone: str
    standing: list[Any]
    acts: list[Act]
    at: datetime


class Here(PolicyPage):
    """`/emergency/`."""

    action = Action.READ_DEPLOYMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        """Stops in force with what lifts them, reviews owed, and what was stopped before."""
        found = list(EmergencyStop.objects.select_related("gate")[:PAST])
        names = labels(actor for stop in found for actor in (stop.by, stop.lifted_by) if actor)
        live, owed = [stop for stop in found if stop.in_force], owed_reviews()
        asked = standings(
            [*read([g for g in [*(s.gate for s in live), *(r.gate for r in owed)] if g]).values()]
        )
        context = {
            "sentence": _sentence([stop.place for stop in live], owed),
            "stops": [_stop(self.actor, stop, names, asked) for stop in live],
            "reviews": [_review(self.actor, review, asked) for review in owed],
            "past": [
                (stop, names[stop.by], names.get(stop.lifted_by, "")) for stop in found if not stop.in_force
            ],
            "acts": [stop_act(self.actor), _late_act(self.actor)],
        }
        return render(request, "releases/emergency.html", context)


def stop_act(actor: Actor) -> Act:
    """The one press that leads to a stop, for whoever may."""
    told = refusal(actor, Action.STOP)
    return Act("stop", "Emergency stop", reverse("emergency:stop"), "stop", "danger", told, asks=True)


def _late_act(actor: Actor) -> Act:
    told = refusal(actor, Action.RECORD_LATE)
    return Act("late", "Record one afterwards", reverse("emergency:late-entry"), "pen", "", told, asks=True)


def standing_now() -> str:
    """What is stopped and which reviews are owed, as the pages are headed."""
    return _sentence([stop.place for stop in in_force()], owed_reviews())


def _sentence(places: list[str], owed: list[Review]) -> str:
    stopped = f"{' and '.join(places).capitalize()} stopped." if places else "Nothing is stopped."
    late = sum(review.is_vetoed or review.due_at <= clock.now() for review in owed)
    if late:
        return (
            f"{stopped} {late} {'review blocks' if late == 1 else 'reviews block'} the next ordinary release."
        )
    count = len(owed)
    return f"{stopped} {count or 'No'} review{'' if count == 1 else 's'} owed."


def _stop(actor: Actor, stop: EmergencyStop, names: dict[str, str], asked: dict[int, Any]) -> Asked:
    gate = stop.gate
    assert gate is not None
    signed = gate.status == GateState.SATISFIED
    told = refusal(actor, Action.LIFT_STOP) or ("" if signed else "Its gate is not signed yet.")
    url = reverse("emergency:lift", args=[stop.pk])
    acts = [
        _sign_act(actor, gate, "emergency:sign-stop", stop.pk),
        Act(f"lift-{stop.pk}", "Lift it", url, "play", "primary" if signed else "", told, asks=True),
    ]
    if not gate.is_live:
        again = reverse("emergency:ask-again", args=[stop.pk])
        acts.append(
            Act(
                f"again-{stop.pk}",
                "Ask again",
                again,
                "reset",
                refused=refusal(actor, Action.LIFT_STOP),
                asks=True,
            )
        )
    text = f"By {names[stop.by]}. {stop.reason or 'No reason was given.'}"
    return Asked(f"{stop.place.capitalize()} stopped", text, "bad", asked[gate.pk], acts, stop.at)


def _review(actor: Actor, review: Review, asked: dict[int, Any]) -> Asked:
    late = review.due_at <= clock.now()
    text = f"{review.get_cause_display()}. {review.gate.summary.get('reason', '')}"
    acts = [_sign_act(actor, review.gate, "emergency:sign-review", review.pk)]
    if review.is_vetoed:
        late, text = True, f"{text} It said no-go and blocks until somebody has named what follows."
        acts = [_follow_act(actor, review)]
    return Asked(
        review.gate.label, text, "bad" if late else "watch", asked[review.gate_id], acts, review.due_at
    )


def _sign_act(actor: Actor, gate: Gate, route: str, pk: int) -> Act:
    roles = roles_for(actor, gate)
    told = "" if roles else (refusal(actor, Action.SIGN) or "Nobody waits for your signature here.")
    return Act(f"sign-{gate.pk}", "Sign", reverse(route, args=[pk]), "pen", "", told, asks=True)


def _follow_act(actor: Actor, review: Review) -> Act:
    url = reverse("emergency:follow-up", args=[review.pk])
    told = refusal(actor, Action.FOLLOW_REVIEW, lambda: review.gate.barred.get(actor.id))
    return Act(f"follow-{review.pk}", "Name what follows", url, "pen", "primary", told, asks=True)


def roles_for(actor: Actor, gate: Gate) -> list[Role]:
    """The roles in which this person can sign this gate now."""
    asked = [Role(requirement.role) for requirement in gate.requirements.all()]
    return [role for role in asked if may_sign(gate, actor, role) is None]


class StopForm(django_forms.Form):
    """Where and why; nothing of it must be given."""

    environment = django_forms.ChoiceField(label="Where", required=False)
    reason = django_forms.CharField(
        label="Reason", required=False, max_length=10_000, widget=django_forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, places: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Everywhere"), *((name, name.capitalize()) for name in places)]
        self.fields["environment"].choices = choices  # type: ignore[attr-defined]


class Stop(ActPage):
    """`/emergency/stop/`: one press from every page, and this one question."""

    form_class = StopForm

    def form_kwargs(self) -> dict[str, Any]:
        """The environments there are."""
        return {"places": list(deployments.environments().values_list("name", flat=True))}

    def confirm(self) -> Confirm:
        """What would hold, in numbers."""
        return Confirm(
            id="stop",
            title="Stop everything now?",
            effects=stop_effect().in_words(),
            label="Stop now",
            url=reverse("emergency:stop"),
            icon="stop",
            kind="danger",
            keep="Keep going",
            keep_url="/",
        )

    def perform(self, data: dict[str, Any]) -> str:
        """Stop."""
        made = stopping.stop(environment=data["environment"], actor=self.actor, reason=data["reason"])
        count = len(made.runs)
        return f"Stopped: {made.stop.place}. {count} {'run holds' if count == 1 else 'runs hold'}."

    def stands(self) -> str:
        """What is stopped already, and which reviews are owed."""
        return standing_now()

    def done_url(self) -> str:
        """Where it is lifted."""
        return reverse(HERE)


class _OnStop(ActPage):
    @property
    def stop(self) -> EmergencyStop:
        """The stop that the address names."""
        return stops.find(self.kwargs["pk"])

    def stands(self) -> str:
        """What is stopped, and which reviews are owed."""
        return standing_now()

    def done_url(self) -> str:
        """Back to the stops."""
        return reverse(HERE)


class Lift(_OnStop):
    """`/emergency/stops/<pk>/lift/`."""

    form_class = forms.MustReason

    def confirm(self) -> Confirm:
        """Which runs go on."""
        stop = self.stop
        held = len(deployments.held_by_stop(stop.environment))
        return Confirm(
            id="lift",
            title=f"Lift the stop of {stop.place}?",
            effects=[f"{held} run{'' if held == 1 else 's'} may move forward again, and others may start."],
            label="Lift it",
            url=self.request.path,
            icon="play",
            keep="Stay stopped",
            keep_url=reverse(HERE),
        )

    def perform(self, data: dict[str, Any]) -> str:
        """Lift it."""
        lifted = stopping.lift(self.kwargs["pk"], actor=self.actor, reason=data["reason"])
        return f"The stop of {lifted.place} is lifted."


class AskAgain(_OnStop):
    """`/emergency/stops/<pk>/ask-again/`."""

    def confirm(self) -> Confirm:
        """The earlier round stays."""
        return Confirm(
            id="ask-again",
            title=f"Ask again whether the stop of {self.stop.place} may be lifted?",
            effects=["A new round begins; the answers of the earlier one are kept and do not count."],
            label="Ask again",
            url=self.request.path,
            icon="reset",
            keep_url=reverse(HERE),
        )

    def perform(self, data: dict[str, Any]) -> str:
        """Open the gate once more."""
        return (
            f"The roles are asked again about {stops.ask_again(self.kwargs['pk'], actor=self.actor).place}."
        )


class SignForm(django_forms.Form):
    """One answer in one role about the seal that was shown."""

    role = django_forms.ChoiceField(label="As")
    answer = django_forms.ChoiceField(
        label="Answer",
        choices=[("go", "Go"), ("no_go", "No-go")],
        widget=django_forms.RadioSelect,
        initial="go",
    )
    remark = django_forms.CharField(
        label="Remark",
        required=False,
        max_length=10_000,
        help_text="A no-go says what must change.",
        widget=django_forms.Textarea(attrs={"rows": 3}),
    )
    seal = django_forms.CharField(widget=django_forms.HiddenInput)

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(r.value, r.label) for r in roles]  # type: ignore[attr-defined]


class _Sign(ActPage):
    form_class = SignForm

    @property
    def gate(self) -> Gate:
        """The gate that is signed; raises GateNotFound."""
        raise NotImplementedError

    def form_kwargs(self) -> dict[str, Any]:
        """The roles that the gate asks, and the seal as it was read."""
        gate = self.gate
        roles = roles_for(self.actor, gate) or [Role(r.role) for r in gate.requirements.all()]
        return {"roles": roles, "initial": {"seal": gate.seal, "role": roles[0].value, "answer": "go"}}

    def stands(self) -> str:
        """What is stopped, and which reviews are owed."""
        return standing_now()

    def confirm(self) -> Confirm:
        """What the signature means."""
        gate = self.gate
        means = [f"As {Role(r.role).label}: {r.meaning}." for r in gate.requirements.all()]
        return Confirm(
            id="sign",
            title=f"Sign: {gate.label}",
            effects=[*means, f"It is about the seal {gate.seal[:8]}. A no-go closes this round."],
            label="Sign",
            url=self.request.path,
            icon="pen",
            keep="Not now",
            keep_url=reverse(HERE),
        )

    def perform(self, data: dict[str, Any]) -> str:
        """Sign."""
        gate = self.gate
        signing.sign(gate.pk, actor=self.actor, **data)
        return f"You have answered: {gate.label}."


class SignStop(_Sign):
    """`/emergency/stops/<pk>/sign/`."""

    @property
    def gate(self) -> Gate:
        """The gate that lifts the stop."""
        found = stops.find(self.kwargs["pk"]).gate
        if found is None:
            raise GateNotFound("There is no such gate.")
        return found


class SignReview(_Sign):
    """`/emergency/reviews/<pk>/sign/`."""

    @property
    def gate(self) -> Gate:
        """The gate of the review."""
        found = Review.objects.select_related("gate").filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise GateNotFound("There is no such review.")
        return found.gate
