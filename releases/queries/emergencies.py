"""What a stop would do now, in numbers; for the page that asks before it."""

from __future__ import annotations

from dataclasses import dataclass

from deployments import queries as deployments
from deployments.models import DeploymentRun
from events import clock
from releases.models import Release
from releases.states import ReleaseState


@dataclass(frozen=True, slots=True)
class StopEffect:
    """Runs that hold, and approved releases whose window opens or ends while nothing may start."""

    runs: tuple[DeploymentRun, ...]
    windows: tuple[Release, ...]

    def in_words(self) -> list[str]:
        """One sentence each, with the numbers first."""
        runs = [
            f"{run.subject} in {run.environment.name} ({run.run_state.label.lower()})" for run in self.runs
        ]
        held = (
            f"{_count(len(runs), 'run holds', 'runs hold')}: {', '.join(runs)}."
            if runs
            else "No run is under way."
        )
        missed = [f"{release.version}" for release in self.windows]
        windows = (
            f"{_count(len(missed), 'window is', 'windows are')} missed unless it is lifted in time: "
            f"{', '.join(missed)}."
            if missed
            else "No window is missed."
        )
        return [
            held,
            windows,
            "Traffic stays where it is, limits stay watched, and every way back stays open.",
            "It needs no signature now. Lifting it needs the signatures that the approval policy names.",
        ]


def stop_effect(environment: str = "") -> StopEffect:
    """What would hold in that environment ("": in every one) if it were stopped now; two queries."""
    runs = deployments.runs_under(environment)
    production = deployments.production().name
    ahead = Release.objects.filter(state=ReleaseState.APPROVED, window_end__gt=clock.now())
    found = (
        ahead.only("version", "window_start").order_by("window_start")
        if environment in ("", production)
        else []
    )
    return StopEffect(tuple(runs), tuple(found))


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
