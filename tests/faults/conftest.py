"""The engine's fixtures, for faults that need no processes."""

from __future__ import annotations

from tests.deployments.conftest import production, site, world

__all__ = ["production", "site", "world"]
