"""Everything that the facts of one release rest on, read once, so that facts themselves are pure.

Called by `queries.moments`. What a moment does not ask is not read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject

from accounts.queries import user_by_source_login
from approvals import queries as approvals
from approvals.models import BreakGlass, Decision, EmergencyStop, Review
from approvals.queries.owed import anything_urgent, stop_and_reviews
from approvals.states import GateState
from deployments import queries as deployments
from deployments.models import DeploymentRun, Environment, EnvironmentLock, Target
from deployments.states import ACTIVE, RunKind, RunState
from events import clock
from events.errors import Blocker
from releases.models import (
    Author,
    Component,
    FactDefinition,
    Freeze,
    FreezeOverride,
    ManualFact,
    Release,
    Watching,
)
from releases.queries.calendar import freezes
from releases.queries.items import ItemStanding, item_standings
from releases.queries.overrides import overrides_of
from releases.states import FROZEN, Moment, ReleaseState


@dataclass(slots=True)
class Dossier:
    """One release and its surroundings at one instant."""

    release: Release
    moment: Moment
    now: datetime
    production: Environment
    serving: DeploymentRun | None
    components: dict[str, dict[str, Any]] | None = None
    authors: list[Author] = field(default_factory=list)
    strangers: list[Author] = field(default_factory=list)
    twin: str | None = None
    items: list[ItemStanding] = field(default_factory=list)
    freezes: list[Freeze] = field(default_factory=list)
    gate_state: GateState | None = None
    gate_end: str = ""
    gate_seal: str = ""
    unsigned: list[Blocker] = field(default_factory=list)
    stuck: str = ""
    tightened: str = ""
    go: Decision | None = None
    lock: EnvironmentLock | None = None
    runs: list[DeploymentRun] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    facts: list[FactDefinition] = field(default_factory=list)
    watching: Watching | None = None
    stop: EmergencyStop | None = None
    overrides: list[FreezeOverride] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    glass: BreakGlass | None = None
    turns: list[datetime] = field(default_factory=list)

    def reached(self, moment: datetime) -> bool:
        """Is it that late? Facts ask here, so that it is known until when they hold by themselves."""
        if moment > self.now:
            self.turns.append(moment)
        return moment <= self.now


def gather(release: Release, moment: Moment, production: Environment | None = None) -> Dossier:
    """Read what the facts of this moment need; `production` as `production_now` has read it."""
    production = production or production_now()
    dossier = Dossier(release, moment, clock.now(), production, production.serving)
    dossier.freezes = freezes()
    if moment != "sign":
        if getattr(production, "urgent", True):
            found = getattr(release, "urgent_gates", None)  # what its page has read already
            dossier.stop, dossier.reviews = stop_and_reviews(production.name, found)
        dossier.overrides = overrides_of(release) if dossier.freezes else []
    if moment == "carry_on":
        return dossier
    dossier.items = item_standings(release)
    if release.status not in FROZEN:
        dossier.components = definitions_now()
    dossier.authors = list(release.authors.all())
    dossier.strangers = _strangers(dossier.authors)
    if moment == "sign":
        dossier.twin = _rolled_back_twin(release)
        return dossier
    _add_people(dossier)
    _add_place(dossier)
    return dossier


def production_now() -> Environment:
    """Production with the run that serves there, and whether anything is `urgent`, in one query."""
    found = deployments.environments().select_related("serving").annotate(urgent=anything_urgent())
    return found.last() or deployments.production()


def definitions_now() -> dict[str, dict[str, Any]]:
    """What the platform file says of every component, by name."""
    return {component.name: component.frozen() for component in Component.objects.filter(retired_at=None)}


def _strangers(authors: list[Author]) -> list[Author]:
    """Authors whose login nobody in the portal carries, by what is known now."""
    return [a for a in authors if a.user_id is None and user_by_source_login(a.host, a.login) is None]


def _rolled_back_twin(release: Release) -> str | None:
    twins = Release.objects.filter(content_hash=release.content_hash, state=ReleaseState.ROLLED_BACK).exclude(
        pk=release.pk
    )
    return twins.values_list("version", flat=True).first()


def _add_people(dossier: Dossier) -> None:
    gate = dossier.release.gate
    if gate is not None:
        dossier.gate_state = gate.status
        if gate.status == GateState.OPEN:
            dossier.unsigned = approvals.missing(gate)
            dossier.stuck = approvals.unmeetable(gate)
        dossier.gate_end, dossier.gate_seal = gate.closing_reason, gate.seal
        dossier.tightened = approvals.tightened(gate, getattr(dossier.release, "policy_in_force", None))
    if gate is not None and any(review.of_id == gate.pk for review in dossier.reviews):
        dossier.glass = getattr(gate, "break_glass", None)
    dossier.facts = fact_definitions(dossier.release)
    if dossier.moment == "start":
        dossier.go = approvals.standing_go(gate) if gate is not None else None
        dossier.watching = dossier.release.watchings.order_by("-id").first()


def _add_place(dossier: Dossier) -> None:
    production = dossier.production
    dossier.lock = deployments.open_lock(production)
    if dossier.moment != "start":
        return
    runs = production.runs.filter(kind=RunKind.DEPLOY).defer("content", "plan")
    busy = runs.filter(state__in=[RunState.QUEUED, *ACTIVE]) | runs.filter(
        state=RunState.SUCCEEDED, closed_at=None
    )
    ours = dossier.release.production_run_id
    dossier.runs = [run for run in busy.order_by("id") if run.pk != ours]
    dossier.targets = deployments.targets_of(production)


def fact_definitions(release: Release) -> list[FactDefinition]:
    """The facts given by hand, each with the newest that was said of this release as `newest`."""
    newest = ManualFact.objects.filter(release=release, name=OuterRef("name")).order_by("-id")
    said = JSONObject(value="value", remark="remark", link="link", by="by", at="at")
    rows = FactDefinition.objects.filter(retired_at=None)
    return list(rows.annotate(newest=Subquery(newest.values(said=said)[:1])))


def newest_of(definition: FactDefinition) -> dict[str, Any] | None:
    """What `fact_definitions` found."""
    said: dict[str, Any] | None = getattr(definition, "newest", None)
    return said
