"""Which driver stands behind a target of the platform file.

In come the target's entry and the installation's settings for the driver, out goes a `Platform`.
Called by the engine in `deployments`. Drivers are imported when first asked for, so that heavy
client libraries cost nothing where they are not used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from platforms.base import Platform, PlatformRefused

DRIVERS = ("local",)
"""The names that a target's `driver` may have."""

_standing_in: dict[tuple[str, str], Platform] = {}


@contextmanager
def standing_in(platforms: Mapping[tuple[str, str], Platform]) -> Iterator[None]:
    """Within the block, in this process, these platforms stand for (environment, region).

    For the demo's played past and for tests of the engine; nothing else may call it.
    """
    _standing_in.update(platforms)
    try:
        yield
    finally:
        for target in platforms:
            _standing_in.pop(target, None)


def open_platform(
    driver: str, environment: str, region: str, data_class: str, settings: Mapping[str, Any]
) -> Platform:
    """The target `environment` in `region`, through the driver of that name.

    Opens no connection yet. Raises PlatformRefused (`invalid`) for an unknown driver or settings
    that the driver cannot work with.
    """
    if (environment, region) in _standing_in:
        return _standing_in[environment, region]
    if driver == "local":
        from platforms.local.driver import LocalPlatform

        return LocalPlatform(environment, region, data_class, settings)
    raise PlatformRefused(
        "invalid", f"There is no driver named {driver}; the drivers are: {', '.join(DRIVERS)}."
    )
