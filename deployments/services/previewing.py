"""What a content would change on an environment's targets, asked of the targets themselves, nothing kept.

Called by `releases` outside any transaction, once a release is asked to be signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import wait
from functools import partial
from typing import Any, cast

from deployments.models import Environment
from deployments.services.content import spec_of
from deployments.services.progress import masked
from deployments.services.targets import in_threads, live_targets, open_target
from platforms.base import ObjectChange, PlatformError, Preview, Previews
from platforms.registry import RENDERING

PATIENCE_SECONDS = 30.0
MOST_CHARACTERS = 300


def previews(environment: Environment, content: Mapping[str, Any], slot: str, subject: str) -> dict[str, Any]:
    """By region: `fingerprint` and `changes`, or `error` as a sentence; empty where no target can say."""
    spec = spec_of(content, environment.name, slot=slot, release=subject)
    found: dict[str, Any] = {}
    work: dict[str, Callable[[], Preview]] = {}
    for region, target in live_targets(environment).items():
        if target.driver in RENDERING:
            try:
                platform = cast(Previews, open_target(target))
            except PlatformError as error:
                found[region] = {"error": masked(str(error))}
            else:
                work[region] = partial(platform.preview, spec)
    futures = in_threads(work)
    wait(futures.values(), timeout=PATIENCE_SECONDS)
    for region, future in futures.items():
        try:
            answer = future.result(timeout=0)
        except PlatformError as error:
            found[region] = {"error": masked(str(error))}
        except TimeoutError:
            found[region] = {"error": f"It did not answer within {PATIENCE_SECONDS:g} s."}
        else:
            changes = [_told(change) for change in answer.changes]
            found[region] = {"fingerprint": answer.fingerprint, "changes": changes}
    return found


def _told(change: ObjectChange) -> dict[str, str]:
    """One difference for people: a whole object is told by its name, for the content holds it."""
    if not change.path:
        return {
            "object": change.object,
            "path": "",
            "before": _there(change.before),
            "after": _there(change.after),
        }
    return {
        "object": change.object,
        "path": change.path,
        "before": masked(_short(change.before)),
        "after": masked(_short(change.after)),
    }


def _there(value: Any) -> str:
    return "not there" if value is None else "there"


def _short(value: Any) -> str:
    return "" if value is None else str(value)[:MOST_CHARACTERS]
