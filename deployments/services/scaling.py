"""Sizes by the clock: each minute, every target that knows of them is brought to the size of the moment.

Nothing is resized while a run is under way there: a shift needs both colours as large as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from deployments import queries
from deployments.models import Environment
from deployments.services.targets import in_threads, live_targets, open_target
from events import clock
from platforms.base import PlatformError, Resizes
from platforms.registry import RENDERING

log = logging.getLogger(__name__)
PATIENCE_SECONDS = 20.0


def resize() -> int:
    """Bring every idle environment's targets to the size of this moment; returns how many were changed."""
    changed = 0
    for environment in Environment.objects.filter(retired_at=None, serving__isnull=False):
        if queries.active_run(environment) is None:
            changed += _resize(environment)
    return changed


def _resize(environment: Environment) -> int:
    fence, now = environment.fence, clock.now()
    work: dict[str, Callable[[], Sequence[str]]] = {}
    for region, target in live_targets(environment).items():
        if target.driver in RENDERING:
            try:
                work[region] = partial(cast(Resizes, open_target(target)).resize, fence, now)
            except PlatformError as error:
                log.warning("%s in %s was not resized: %s", environment.name, region, error)
    changed = 0
    for region, future in in_threads(work).items():
        try:
            changed += len(future.result(timeout=PATIENCE_SECONDS))
        except (PlatformError, TimeoutError) as error:  # the next minute tries again
            log.warning("%s in %s was not resized: %s", environment.name, region, error)
    return changed
