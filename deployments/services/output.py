"""Take over what a run's colour writes: in parts, bounded, masked, and marked where something is missing.

The last thing in a look, so that no move waits for it. Drivers are asked in threads, outside any transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from deployments.models import DeploymentRun, ProgressHead
from deployments.services.leases import Lease, fenced
from deployments.services.progress import Line, append
from deployments.services.targets import in_threads
from deployments.services.waiting import finished
from deployments.states import LineKind
from platforms.base import Platform, PlatformError

ANSWER_SECONDS = 5.0
"""How long a look waits for a region's output; the next look asks for the same again."""

MAX_LINES = 200
"""Output lines that one look takes over from a region; the next look takes more."""

GENERATION = 100_000_000
"""A longer jump of positions is a target that began anew, not lines that were left out."""

Output = list[tuple[str, int, str]]
"""Component, position and text of each line."""

Marks = dict[str, dict[str, int]]
"""Region → component → the last position that was taken over."""


def take(lease: Lease, run: DeploymentRun, platforms: Mapping[str, Platform]) -> None:
    """Write down what the run's colour has written in these regions since the last look; raises LeaseLost."""
    if not platforms:
        return
    marks = _marks(run)
    work = {r: partial(_lines, platform, run.slot, marks.get(r, {})) for r, platform in platforms.items()}
    asked = in_threads(work)
    output = {region: asked[region].result() for region in finished(lease, asked, ANSWER_SECONDS)}
    if any(output.values()):
        with fenced(lease, run) as locked:
            append(locked, as_lines(output, marks))
            _advance(locked, output)


def _lines(platform: Platform, slot: str, after: dict[str, int]) -> Output:
    """New output as far as it can be had."""
    try:
        return fair(platform.lines(slot, after))
    except PlatformError:
        return []


def fair(lines: Sequence[tuple[str, int, str]]) -> Output:
    """At most MAX_LINES, an equal part of each component: one that floods hides no other."""
    part = MAX_LINES // max(1, len({component for component, _, _ in lines}))
    taken: Counter[str] = Counter()
    found = []
    for line in lines:
        if taken[line[0]] < part:
            taken[line[0]] += 1
            found.append(line)
    return found


def as_lines(output: Mapping[str, Output], marks: Marks) -> list[Line]:
    """What the components wrote, and where something is missing: how many lines, not a word of them."""
    lines = []
    for region, found in output.items():
        known = dict(marks.get(region, {}))
        for component, position, text in found:
            before = known.get(component)
            if before is not None and 1 < position - before < GENERATION:
                left_out = position - before - 1
                said = f"… {left_out} lines left out: {component} wrote more than is kept …"
                data = {"left_out": left_out}
                lines.append(Line(LineKind.LOG, said, region, component, "warning", data))
            known[component] = position
            lines.append(Line(LineKind.LOG, text, region, component, data={"position": position}))
    return lines


def _marks(run: DeploymentRun) -> Marks:
    head = ProgressHead.objects.filter(pk=run.pk).first()
    return head.marks if head else {}


def _advance(run: DeploymentRun, output: Mapping[str, Output]) -> None:
    """Remember how far the output was read, in the transaction that wrote its lines: none twice."""
    head = ProgressHead.objects.select_for_update(no_key=True).get(pk=run.pk)
    marks = {region: dict(found) for region, found in head.marks.items()}
    for region, found in output.items():
        for component, position, _ in found:
            here = marks.setdefault(region, {})
            here[component] = max(here.get(component, 0), position)
    head.marks = marks
    head.save(update_fields=("marks",))
