"""Two environments' specifications side by side, as their targets hold them at this moment.

Called by the page of the drift report and by `./portal manage drift_report`. Changes nothing; a target that
does not answer is named, and the others are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from deployments import queries
from deployments.models import Environment
from deployments.services.progress import masked
from deployments.services.targets import in_threads, live_targets, open_target
from platforms.base import ObjectChange, PlatformError, Specifies
from platforms.registry import RENDERING

SECONDS = 10.0
MOST = 400

Objects = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """One environment in one region: what serves there, and its objects, or why they cannot be had."""

    environment: str
    region: str
    serves: str
    objects: Objects
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One region of the right beside the left; each change reads from left to right."""

    left: Side
    right: Side
    changes: tuple[ObjectChange, ...]
    same: int
    """So many objects are the same on both sides."""
    more: int = 0
    """So many further differences are not listed."""


def compare(left: str = "", right: str = "") -> list[Comparison]:
    """Each region of `right` (production) beside the first of `left` (the one before it).

    Raises EnvironmentNotFound.
    """
    last = queries.environment(right) if right else queries.production()
    before = queries.environment(left) if left else (queries.staging_before(last) or last)
    ours = _sides(before)[:1]
    return [_compared(one, other) for one in ours for other in _sides(last)]


def _sides(environment: Environment) -> list[Side]:
    serving = queries.serving(environment)
    targets = live_targets(environment)
    blank = {
        region: Side(environment.name, region, serving.subject if serving else "", {})
        for region in queries.regions_of(environment)
    }
    if serving is None:
        return [_without(side, "nothing serves there yet") for side in blank.values()]
    sides, work = {}, {}
    for region, side in blank.items():
        target = targets[region]
        if target.driver not in RENDERING:
            sides[region] = _without(side, f"its driver ({target.driver}) is not told in objects")
            continue
        try:
            work[region] = partial(cast(Specifies, open_target(target)).specification, serving.slot)
        except PlatformError as error:
            sides[region] = _without(side, masked(str(error)))
    for region, future in in_threads(work).items():
        try:
            objects = future.result(timeout=SECONDS)
            sides[region] = Side(environment.name, region, serving.subject, objects)
        except PlatformError as error:
            sides[region] = _without(blank[region], masked(str(error)))
        except TimeoutError:
            sides[region] = _without(blank[region], f"it did not answer within {SECONDS:g} s")
    return [sides[region] for region in blank]


def _without(side: Side, problem: str) -> Side:
    return Side(side.environment, side.region, side.serves, {}, problem.rstrip("."))


def _compared(left: Side, right: Side) -> Comparison:
    if left.problem or right.problem:
        return Comparison(left, right, (), 0)
    found = [
        change
        for key in sorted({*left.objects, *right.objects})
        for change in _differences(key, "", left.objects.get(key), right.objects.get(key))
    ]
    differing = {change.object for change in found}
    same = len({*left.objects, *right.objects} - differing)
    return Comparison(left, right, tuple(found[:MOST]), same, max(0, len(found) - MOST))


def _differences(what: str, path: str, before: Any, after: Any) -> Iterator[ObjectChange]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            joined = f"{path}{key}" if key.startswith("[") else f"{path}.{key}".lstrip(".")
            yield from _differences(what, joined, before.get(key), after.get(key))
    elif before != after:
        yield ObjectChange(what, path, before, after)
