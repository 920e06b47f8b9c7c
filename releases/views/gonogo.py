"""The go/no-go room: facts, seal, signatures, and the decision; signing is an act of its own.

In: a version. Out: releases/gonogo.html. GET shows; POST to `sign/` signs and comes back.
"""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from accounts.actors import Actor
from accounts.errors import FactorNeeded
from accounts.queries import labels
from accounts.services.refusals import refused as record_refusal
from accounts.services.refusals import wrong_form
from approvals import policy
from approvals.acts import Act, refusal
from approvals.pages import PolicyPage
from approvals.policy import Action
from events import clock
from events.errors import PortalError
from releases import queries
from releases.forms import SignForm
from releases.models import Release
from releases.services import signing
from releases.states import ENDS, ReleaseState, Verdict
from releases.verbs import WAYS, Verb
from releases.views import dock, plans, reading, signs

NUMBERS = dict(enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine"), start=2))
ACTOR_ID = re.compile(r"(?:person|service|system):[\w-]+")
WORST_FIRST = {Verdict.BLOCKS: 0, Verdict.WATCH: 1, Verdict.CLEAR: 2}
COUNT_LOOKS = (
    (Verdict.BLOCKS, "bad", "stop", "blocker", "blockers"),
    (Verdict.WATCH, "watch", "alert", "to watch", "to watch"),
    (Verdict.CLEAR, "ok", "check", "clear", "clear"),
)
MOMENT_OF = {
    ReleaseState.APPROVED: "start",
    ReleaseState.DEPLOYING: "carry_on",
    ReleaseState.MONITORING: "carry_on",
}


class Room(PolicyPage):
    """`/releases/<version>/go/`."""

    def get(self, request: HttpRequest, version: str) -> HttpResponse:
        """The room as it is now."""
        return render(request, "releases/gonogo.html", room(reading.get_release(version), self.actor))


class Sign(PolicyPage):
    """`/releases/<version>/sign/`: POST signs; a refusal comes back into the room with the input kept."""

    action = None

    def get(self, request: HttpRequest, version: str) -> HttpResponse:
        """After an interrupting login: the room, where the draft still is."""
        return HttpResponseRedirect(reverse("releases:go", args=[version]))

    def post(self, request: HttpRequest, version: str) -> HttpResponse:
        """One signature about the seal that the form carries."""
        release = reading.get_release(version)
        asked = request.POST
        roles = [(asked.get("role", ""), "")]
        form = SignForm(asked, roles=roles)
        if not form.is_valid():
            wrong_form(request, self.actor, form)
            return self._again(release, form, None, 400)
        data = form.cleaned_data
        try:
            signing.sign(
                version,
                actor=self.actor,
                role=data["role"],
                answer=data["answer"],
                remark=data["remark"].replace("\r\n", "\n"),
                seal=data["seal"],
            )
        except FactorNeeded:
            raise
        except PortalError as error:
            record_refusal(request, self.actor, error)
            return self._again(reading.get_release(version), form, error, error.status)
        done = "signed" if data["answer"] == "go" else "vetoed"
        messages.success(request, f"You have {done} {version}.")
        return HttpResponseRedirect(reverse("releases:go", args=[version]))

    def _again(
        self, release: Release, form: SignForm, error: PortalError | None, status: int
    ) -> HttpResponse:
        context = room(release, self.actor, form=form, error=error)
        return render(self.request, "releases/gonogo.html", context, status=status)


def room(
    release: Release, actor: Actor, *, form: SignForm | None = None, error: PortalError | None = None
) -> dict[str, Any]:
    """Everything that the room shows."""
    context = reading.shared(release, actor)
    moment = MOMENT_OF.get(release.status, "go")
    readiness = None if release.status in ENDS else queries.readiness(release, moment)  # type: ignore[arg-type]
    found = readiness.facts if readiness is not None else ()
    facts = sorted(found, key=lambda fact: WORST_FIRST[Verdict(fact.verdict)])
    rows = reading.change_rows(release)
    dock_view, sheets = dock.dock(release, actor, readiness, context["signs"])
    return context | {
        "headline": _headline(release, dock_view, context["headline"]),
        "lede": _lede(release),
        "facts": facts,
        "sources": _sources(facts),
        "fact_counts": _counts(facts),
        "read_at": clock.now(),
        "hand_facts": _hand_facts(release, actor, facts),
        "change_rows": rows,
        "plan_sentences": plans.plan_words(release)[0],
        "rounds": signs.answers(release),
        "no_gate": "Signatures are asked for once the release is validated on staging and submitted.",
        "dock": dock_view,
        "sheets": sheets,
        **_sign_part(release, actor, context["signs"], form, error),
    }


def _sign_part(
    release: Release,
    actor: Actor,
    cards: list[signs.SignCard],
    form: SignForm | None,
    error: PortalError | None,
) -> dict[str, Any]:
    roles = signs.roles_to_sign(release, cards)
    part: dict[str, Any] = {"sign_error": error, "sign_form": None, "sign_refusal": ""}
    if roles:
        shown = SignForm(form.data, roles=roles) if form is not None else SignForm(roles=roles)
        return part | {"sign_form": shown}
    if release.status == ReleaseState.REVIEW:
        told = policy.may(actor, Action.SIGN) or next((c.your_refusal for c in cards if c.your_refusal), "")
        return part | {"sign_refusal": told or "Nobody waits for your signature here."}
    if error is not None:
        return part | {"sign_refusal": "Signatures are not asked for in this state."}
    return part


def _headline(release: Release, shown: dock.Dock, said: str) -> str:
    """While it is decided: how much is left; else the release's own sentence."""
    if release.status != ReleaseState.REVIEW:
        return f"{release.version}. {said}"
    left = len(shown.waits)
    if not left:
        return f"{release.version} is ready to go: nothing is left."
    counted = "one thing is" if left == 1 else f"{NUMBERS.get(left, left)} things are"
    return f"{release.version} is not ready to go: {counted} left."


def _lede(release: Release) -> str:
    kind = release.get_kind_display()
    title = f": {release.title}" if release.title else ""
    return (
        f"{kind} release{title}. Signing, deciding and starting are three acts; the Release Manager decides."
    )


def _counts(facts: list[Any]) -> list[tuple[str, str, str]]:
    shown = []
    for verdict, tone, icon, one, many in COUNT_LOOKS:
        count = sum(fact.verdict == verdict.value for fact in facts)
        if count:
            shown.append((tone, icon, f"{count} {one if count == 1 else many}"))
    return shown


def _sources(facts: list[Any]) -> dict[str, str]:
    """Where each fact comes from, with names for ids."""
    ids = {fact.source: ACTOR_ID.findall(fact.source) for fact in facts}
    names = labels(name for found in ids.values() for name in found)
    return {source: ACTOR_ID.sub(lambda at: names[at.group()], source) for source in ids}


def _hand_facts(release: Release, actor: Actor, facts: list[Any]) -> list[Act]:
    way = WAYS[Verb.RECORD_FACT]
    if release.status not in way.states:
        return []
    refused = refusal(actor, way.action)
    return [
        Act(
            f"fact-{fact.name}",
            fact.label,
            reverse("releases:fact", args=[release.version, fact.name]),
            "pen",
            refused=refused,
            asks=True,
        )
        for fact in facts
        if fact.source.startswith("by hand")
    ]
