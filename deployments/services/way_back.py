"""The way back of a run as a plain file, for the hour in which nothing of the portal answers.

Written by each look that may give green weight, before it does: blue's exact weights, where the targets
are, and the commands. `./portal rollback-offline FILE` reads it, with the standard library alone.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from django.conf import settings

from deployments.models import DeploymentRun, Target
from deployments.services.returning import command_by_hand
from deployments.services.targets import in_threads
from platforms.base import Platform, PlatformError, TellsWayBack

log = logging.getLogger(__name__)

FORMAT = 1
_told: set[Any] = set()
"""What this process has told, by run, blue and region."""

KEPT = 200
"""Files of so many runs stay; the oldest go first."""


def keep(run: DeploymentRun, targets: Mapping[str, Target]) -> Path | None:
    """Have the file of this run, written whole or not at all; None (and a line in the log) if refused."""
    path = file_of(run)
    text = json.dumps(described(run, targets), indent=1) + "\n"
    try:
        if path.exists() and path.read_text() == text:
            return path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path, text)
        _forget_oldest(path.parent)
    except OSError as error:
        log.warning("the way back of run %s could not be written to %s: %s", run.pk, path, error.strerror)
        return None
    return path


def tell(run: DeploymentRun, platforms: Mapping[str, Platform]) -> None:
    """Have it at the targets too, where they can hold it; nobody waits, and the next look tries again."""
    blue = run.blue.slot if run.blue else None
    told = described(run, {})
    key = (run.pk, blue)
    work = {
        region: _telling(cast(TellsWayBack, platform), (key, region), told, blue, run.slot)
        for region, platform in platforms.items()
        if hasattr(platform, "tell_way_back") and (key, region) not in _told
    }
    if work:
        in_threads(work)


def _telling(
    platform: TellsWayBack, key: Any, told: Mapping[str, Any], blue: str | None, green: str
) -> Callable[[], None]:
    def tell_it() -> None:
        try:
            if platform.tell_way_back(told["what"], blue, green, told["commands"]):
                _told.add(key)
        except PlatformError as error:
            log.warning("the way back could not be told at the target %s: %s", key[1], error)

    return tell_it


def file_of(run: DeploymentRun) -> Path:
    """Where the file of a run is."""
    return Path(settings.PORTAL_WAY_BACK_DIR) / f"run-{run.pk:06}-{run.environment.name}.json"


def described(run: DeploymentRun, targets: Mapping[str, Target]) -> dict[str, Any]:
    """What the file says. No secret: the agent's token stays in its own file."""
    blue = run.blue.slot if run.blue else None
    path = file_of(run)
    return {
        "format": FORMAT,
        "what": f"The way back of run {run.pk}, {run.subject} to {run.environment.name}, without the portal.",
        "commands": [
            f"./portal rollback-offline {path} --by YOUR.NAME --reason WHY",
            *[f"{command_by_hand(run, region)}   (with the database up)" for region in run.plan["regions"]],
        ],
        "run": run.pk,
        "subject": run.subject,
        "environment": run.environment.name,
        "green": run.slot,
        "blue": blue,
        "blue_release": run.blue.subject if run.blue else None,
        "regions": [_region(targets[name], blue) for name in run.plan["regions"] if name in targets],
    }


def _region(target: Target, blue: str | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "region": target.region.name,
        "driver": target.driver,
        "data_class": target.data_class,
        "weights": {blue: 100} if blue else {},
        "background": blue,
    }
    if target.driver == "kubernetes":
        entry["settings"] = target.settings
    if target.driver == "local":
        wire = Path(settings.LOCAL_AGENT_SOCKET)
        entry["agent_socket"] = str(wire)
        entry["agent_token_file"] = str(wire.with_name("agent.token"))
        entry["settings"] = target.settings
    return entry


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    number = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)


def _forget_oldest(folder: Path) -> None:
    for old in sorted(folder.glob("run-*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)
