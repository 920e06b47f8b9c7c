"""Zones that a window or a freeze can be given in."""

from __future__ import annotations

from deployments.models import Environment, Region


def zones_of(user_zone: str) -> list[str]:
    """Zones a window can be given in: UTC, the reader's, the environments', the regions'."""
    environments = Environment.objects.filter(retired_at=None).values_list("zone", flat=True)
    return ["UTC", user_zone, *environments, *Region.objects.values_list("zone", flat=True)]
