"""Keep "what is live where" fresh for environments in which nothing runs."""

from __future__ import annotations

from concurrent.futures import Future, wait
from datetime import timedelta

from django.db.models import Q

from deployments.models import Target
from deployments.services.progress import masked
from deployments.services.targets import in_threads, open_target, remember, remember_silence
from events import clock
from platforms.base import Observation, Platform, PlatformError

FRESH_SECONDS = 8.0
PATIENCE_SECONDS = 5.0


def observe_idle() -> int:
    """Look at every live target that nobody looked at lately; returns how many."""
    due = _due()
    platforms: dict[int, Platform] = {}
    for target in due:
        try:
            platforms[target.pk] = open_target(target)
        except PlatformError as error:
            remember_silence({target: masked(str(error))})
    futures = in_threads({str(pk): platform.observe for pk, platform in platforms.items()})
    wait(futures.values(), timeout=PATIENCE_SECONDS)
    for target in due:
        if str(target.pk) in futures:
            _keep(target, futures[str(target.pk)])
    return len(due)


def _due() -> list[Target]:
    """Live targets that were not tried within FRESH_SECONDS; a run's own looks count."""
    now = clock.now()
    # Up to now only: after a clock that jumped back a time ahead of it says nothing.
    lately = Q(view__tried_at__gt=now - timedelta(seconds=FRESH_SECONDS), view__tried_at__lte=now)
    live = Target.objects.filter(retired_at=None, environment__retired_at=None)
    return list(live.exclude(lately).select_related("environment", "region"))


def _keep(target: Target, future: Future[Observation]) -> None:
    if not future.done():
        remember_silence({target: f"It did not answer within {PATIENCE_SECONDS:g} s."})
        return
    try:
        remember({target: future.result()})
    except PlatformError as error:
        remember_silence({target: masked(str(error))})
