"""The steps of a plan, in order: what the deployment page lists before anything runs.

Production: strategy, "Deployment Strategy: Blue-Green Deployment" 1-7 with the steps around it.
Before production: "Staging Deployment" 1-6, on the same engine and the same driver calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Group = Literal["prepare", "green", "shift", "finish", "retire", "return"]

TRAFFIC = frozenset({"shift", "cut_over", "restart", "rehearse"})
"""The kinds of step that give the green colour weight; before the first of them a run may just stop."""


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One step to come. `region` is empty for what happens once per environment."""

    group: Group
    kind: str
    title: str
    region: str = ""
    weight: int | None = None
    bake_seconds: int = 0


def steps_of(plan: Mapping[str, Any], kind: str) -> list[StepSpec]:
    """All steps of a run of that kind ("deploy" or "retire")."""
    if kind == "retire":
        return list(_retire(plan))
    if plan["kind"] == "blue_green":
        return list(_blue_green(plan))
    return list(_switch(plan))


def return_steps(regions: list[str], *, first: bool) -> list[StepSpec]:
    """One step back for each region that green may serve in."""
    verb = "Take traffic off" if first else "Back to blue"
    return [StepSpec("return", "return", f"{verb} in {region}", region) for region in regions]


def _blue_green(plan: Mapping[str, Any]) -> Iterator[StepSpec]:
    regions = plan["regions"]
    yield StepSpec("prepare", "preflight", "Check proof, base and targets")
    yield StepSpec("prepare", "announce", "Tell that it starts")
    for region in regions:
        yield StepSpec("green", "provision", f"Make room for green in {region}", region)
    yield StepSpec("green", "migrate", "Expand the database", regions[0])
    for region in regions:
        yield StepSpec("green", "deploy", f"Start green in {region}", region)
    for region in regions:
        yield StepSpec("green", "validate", f"Validate green in {region}", region)
    if not plan["first"]:
        yield from _shifts(plan)
    for region in regions:
        yield StepSpec("finish", "cut_over", f"Cut over in {region}", region, 100)
    yield StepSpec("finish", "verify", "Verify every service")
    yield StepSpec("finish", "announce", "Tell that it is done")


def _shifts(plan: Mapping[str, Any]) -> Iterator[StepSpec]:
    moves = list(zip(plan["weights"], plan["bake_seconds"], strict=True))
    regions = plan["regions"]
    if plan["order"] == "interleaved":
        order = [(region, weight, bake) for weight, bake in moves for region in regions]
    else:
        order = [(region, weight, bake) for region in regions for weight, bake in moves]
    for region, weight, bake in order:
        yield StepSpec("shift", "shift", f"{weight} % in {region}", region, weight, bake)


def _switch(plan: Mapping[str, Any]) -> Iterator[StepSpec]:
    regions = plan["regions"]
    yield StepSpec("prepare", "tag", "Verify version, commit and content")
    yield StepSpec("green", "migrate", "Apply database migrations", regions[0])
    for region in regions:
        yield StepSpec("green", "configure", f"Hand over the configuration in {region}", region)
    for region in regions:
        yield StepSpec("green", "deploy", f"Deploy in {region}", region)
    for region in regions:
        yield StepSpec("green", "smoke", f"Smoke tests in {region}", region)
    for region in regions:
        yield StepSpec("shift", "restart", f"Switch to 100 % in {region}", region, 100)
    if plan["rehearse_weights"] and not plan["first"]:
        for region in regions:
            yield StepSpec("shift", "rehearse", f"Rehearse the shift and the way back in {region}", region)
    yield StepSpec("finish", "verify", "Verify every service")


def _retire(plan: Mapping[str, Any]) -> Iterator[StepSpec]:
    for region in plan["regions"]:
        yield StepSpec("retire", "retire", f"Take the old colour down in {region}", region)
    if plan["contract"]:
        yield StepSpec("retire", "contract", "Contract the database", plan["regions"][0])
