"""What is live where: version per component, environment and region, from observation; and what moves.

In: nothing. Out: `Matrix`, `Moving`. Called by the board, the shell and `/environments/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from deployments.models import DeploymentRun, TargetView
from deployments.queries import LiveTarget, live_where
from deployments.states import ACTIVE, RunKind, RunState

WORDS = {
    RunState.RUNNING: "going live",
    RunState.PAUSED: "paused",
    RunState.ROLLING_BACK: "rolling back",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One component in one target; `state` is "ahead" of production, "away" or ""."""

    version: str
    state: str
    title: str
    ready: bool


@dataclass(frozen=True, slots=True)
class Column:
    """One target, as it was last seen; while a run moves it: green's share, coming and going version."""

    target: LiveTarget
    production: bool
    green: int | None
    coming: str
    going: str


@dataclass(frozen=True, slots=True)
class Group:
    """One environment over its columns."""

    name: str
    span: int
    production: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One component over all targets."""

    name: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The whole table; empty without targets."""

    groups: list[Group]
    columns: list[Column]
    rows: list[Row]
    oldest: datetime | None
    drift: list[tuple[str, str]] = field(default_factory=list)
    """Environment and sentence of what runs otherwise than approved."""
    held: list[tuple[str, str]] = field(default_factory=list)
    """Target and sentence of whoever of the cluster's people holds it."""

    @property
    def production(self) -> str:
        """The name of the last environment, "" without targets."""
        return self.groups[-1].name if self.groups else ""


def matrix(moving: Sequence[DeploymentRun]) -> Matrix:
    """Every target that there is, with the components in the slot that serves most.

    `moving` are the runs of `moving_runs`.
    """
    targets = live_where()
    if not targets:
        return Matrix([], [], [], None)
    last = targets[-1].environment
    runs = {run.environment.name: run for run in moving if run.traffic_at}
    columns = [
        _column(target, target.environment == last, runs.get(target.environment)) for target in targets
    ]
    names = sorted({component.name for target in targets for component in target.components})
    rows = [Row(name, [_cell(column, name, targets, last) for column in columns]) for name in names]
    seen = [target.seen_at for target in targets if target.seen_at]
    under_way = {run.environment.name for run in moving}
    drift = [(t.environment, text) for t in targets if t.environment not in under_way for text in t.drift]
    held = [(f"{t.environment} in {t.region}", t.sentence) for t in targets if t.reachable and t.sentence]
    return Matrix(_groups(targets, last), columns, rows, min(seen) if seen else None, drift, held)


def _groups(targets: Sequence[LiveTarget], last: str) -> list[Group]:
    groups: list[Group] = []
    for target in targets:
        if groups and groups[-1].name == target.environment:
            groups[-1] = Group(target.environment, groups[-1].span + 1, groups[-1].production)
        else:
            groups.append(Group(target.environment, 1, target.environment == last))
    return groups


def moving_runs() -> list[DeploymentRun]:
    """Deploy runs that are active in any environment, the one in the last environment first."""
    return list(
        DeploymentRun.objects.filter(state__in=ACTIVE, kind=RunKind.DEPLOY)
        .select_related("environment", "blue")
        .defer("content", "blue__content", "blue__plan")
        .order_by("-environment__position")
    )


def _column(target: LiveTarget, production: bool, run: DeploymentRun | None) -> Column:
    if run is None or target.seen_at is None:
        return Column(target, production, None, "", "")
    going = run.blue.subject if run.blue else ""
    return Column(target, production, target.weights.get(run.slot, 0), run.subject, going)


def _cell(column: Column, name: str, targets: Sequence[LiveTarget], last: str) -> Cell:
    target = column.target
    found = next((c for c in target.components if c.name == name), None)
    if found is None:
        return Cell("–", "", "not running here", True)
    version = found.version or found.artifact.removeprefix("sha256:")[:8]
    in_production = {_version(t, name) for t in targets if t.environment == last}
    ahead = not column.production and version not in in_production
    title = found.artifact if found.ready else f"not ready: {found.reason}"
    return Cell(version, "ahead" if ahead else "", title, found.ready)


def _version(target: LiveTarget, name: str) -> str:
    found = next((c for c in target.components if c.name == name), None)
    return "" if found is None else found.version or found.artifact.removeprefix("sha256:")[:8]


@dataclass(frozen=True, slots=True)
class Moving:
    """The run that moves production now, with green's share region by region."""

    subject: str
    word: str
    url: str
    back: bool
    places: list[tuple[str, int]]


def moving() -> Moving | None:
    """The active deploy run of the last environment, if any."""
    run = (
        DeploymentRun.objects.filter(state__in=ACTIVE, kind=RunKind.DEPLOY, environment__retired_at=None)
        .select_related("environment")
        .order_by("-environment__position")
        .defer("content", "plan")
        .first()
    )
    if run is None or not run.needs_proof:
        return None
    seen = TargetView.objects.filter(target__environment=run.environment, target__retired_at=None)
    places = [
        (view.target.region.name, int(view.weights.get(run.slot, 0)))
        for view in seen.select_related("target__region").order_by("target_id")
    ]
    return Moving(
        subject=run.subject,
        word=WORDS[run.run_state],
        url=f"/deployments/{run.pk}/",
        back=run.run_state == RunState.ROLLING_BACK,
        places=places if run.traffic_at else [],
    )
