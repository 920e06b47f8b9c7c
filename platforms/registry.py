"""Which driver stands behind a target of the platform file.

In come the target's entry and the installation's settings for the driver, out goes a `Platform`.
Called by the engine in `deployments`. Drivers are imported when first asked for, so that heavy
client libraries cost nothing where they are not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from platforms.base import Platform, PlatformRefused

DRIVERS = ("local",)
"""The names that a target's `driver` may have."""


def open_platform(
    driver: str, environment: str, region: str, data_class: str, settings: Mapping[str, Any]
) -> Platform:
    """The target `environment` in `region`, through the driver of that name.

    Opens no connection yet. Raises PlatformRefused (`invalid`) for an unknown driver or settings
    that the driver cannot work with.
    """
    if driver == "local":
        from platforms.local.driver import LocalPlatform

        return LocalPlatform(environment, region, data_class, settings)
    raise PlatformRefused(
        "invalid", f"There is no driver named {driver}; the drivers are: {', '.join(DRIVERS)}."
    )
