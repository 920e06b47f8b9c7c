"""The objects that a content will be on targets that are told in objects (Kubernetes), made before signing.

Called by `releases` whenever a content is put together, so that what people sign is what is applied.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.models import Target
from platforms.registry import RENDERING, render

Rendered = dict[str, dict[str, list[dict[str, Any]]]]


def rendered(components: Mapping[str, Mapping[str, Any]]) -> tuple[Rendered, list[str]]:
    """Objects by environment and component, and what cannot be rendered, as sentences.

    Empty where no environment has such a target. All regions of an environment get the same objects.
    """
    found: Rendered = {}
    problems: list[str] = []
    for environment, (driver, settings) in _places().items():
        found[environment], wrong = render(driver, components, environment, settings)
        problems += [f"{environment}: {text}" for text in wrong]
    return found, problems


def _places() -> dict[str, tuple[str, dict[str, Any]]]:
    """Environments with such a target: the driver, and the settings of its first region."""
    targets = Target.objects.filter(
        retired_at=None, environment__retired_at=None, driver__in=RENDERING
    ).select_related("environment")
    places: dict[str, tuple[str, dict[str, Any]]] = {}
    for target in targets.order_by("environment__position", "pk"):
        places.setdefault(target.environment.name, (target.driver, target.settings))
    return places
