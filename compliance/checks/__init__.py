"""The checks, one file each: `NAME`, `TITLE`, `CONTROLS` and `run(observed) -> Outcome`.

To add one: write the file, list it here. A check reads what it is handed and touches nothing.
"""

from __future__ import annotations

from typing import Protocol

from compliance.checks import data_class, running_is_approved
from compliance.observed import Observed, Outcome


class Check(Protocol):
    """What a module in this package offers."""

    @property
    def NAME(self) -> str: ...  # noqa: N802  (constants of the module)

    @property
    def TITLE(self) -> str: ...  # noqa: N802

    @property
    def CONTROLS(self) -> tuple[str, ...]: ...  # noqa: N802

    def run(self, observed: Observed) -> Outcome:
        """Judge what was observed."""
        ...


CHECKS: tuple[Check, ...] = (running_is_approved, data_class)
"""In the order in which pages show them."""
