"""Tables of this room: environments and targets, runs and steps, progress and observations.

Rows are written by `deployments.services` only; a run's rows always under its fence.
"""

from deployments.models.environments import Environment, EnvironmentLock, Region, Target, TargetView
from deployments.models.progress import ProgressHead, ProgressLine, Tally
from deployments.models.runs import DeploymentRun
from deployments.models.steps import RunStep

__all__ = [
    "DeploymentRun",
    "Environment",
    "EnvironmentLock",
    "ProgressHead",
    "ProgressLine",
    "Region",
    "RunStep",
    "Tally",
    "Target",
    "TargetView",
]
