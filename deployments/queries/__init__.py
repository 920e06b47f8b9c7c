"""Reading this room: environments, runs, what is live where, and a run's facts and lines.

Called by `releases`, `desk`, pages and the API. Nothing here changes a row or calls a driver.
"""

from deployments.queries.drift import drift
from deployments.queries.environments import (
    active_run,
    environment,
    environments,
    is_production,
    marks,
    needs_proof,
    open_lock,
    production,
    proof_of,
    region_zones,
    regions_of,
    run,
    serving,
    staging_before,
    targets_of,
    unclosed_runs,
    waiting_runs,
)
from deployments.queries.live import LiveComponent, LiveTarget, live_where
from deployments.queries.progress import Followed, Sample, follow, lines_of, progress, samples, written
from deployments.queries.runs import RegionFacts, RunFacts, forget_steps, run_facts, steps_of
from deployments.queries.stops import held_by_stop, runs_under

__all__ = [
    "Followed",
    "LiveComponent",
    "LiveTarget",
    "RegionFacts",
    "RunFacts",
    "Sample",
    "active_run",
    "drift",
    "environment",
    "environments",
    "follow",
    "forget_steps",
    "held_by_stop",
    "is_production",
    "lines_of",
    "live_where",
    "marks",
    "needs_proof",
    "open_lock",
    "production",
    "progress",
    "proof_of",
    "region_zones",
    "regions_of",
    "run",
    "run_facts",
    "runs_under",
    "samples",
    "serving",
    "staging_before",
    "steps_of",
    "targets_of",
    "unclosed_runs",
    "waiting_runs",
    "written",
]
