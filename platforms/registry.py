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

DRIVERS = ("local", "kubernetes")
"""The names that a target's `driver` may have."""

RENDERING = frozenset({"kubernetes"})
"""Drivers whose targets are told in objects, which are made with the content, before anybody signs."""

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
    if driver == "kubernetes":
        from platforms.kubernetes.driver import KubernetesPlatform

        return KubernetesPlatform(environment, region, data_class, settings)
    raise PlatformRefused(
        "invalid", f"There is no driver named {driver}; the drivers are: {', '.join(DRIVERS)}."
    )


def render(
    driver: str, entries: Mapping[str, Mapping[str, Any]], environment: str, settings: Mapping[str, Any]
) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """The objects of a content's components for a target of that driver, and what is wrong with them.

    `entries` are those of a content; `settings` the target's. Asks no cluster; empty for a driver that
    is not in RENDERING.
    """
    if driver not in RENDERING:
        return {}, []
    from platforms.kubernetes.render import Place
    from platforms.kubernetes.render import render as render_objects

    images = str(settings.get("images") or "").rstrip("/")
    return render_objects(entries, Place(environment, images))


def settings_problems(driver: str, settings: Mapping[str, Any]) -> list[str]:
    """What is wrong with a target's settings, as sentences; for a driver in RENDERING."""
    if driver not in RENDERING:
        return []
    from platforms.kubernetes.settings import problems_of

    return problems_of(settings)
