"""records: who works where. Knows clinicians that were made up for this example."""

from __future__ import annotations

from collections.abc import Mapping

from service import RELEASE, Answer, as_json, serve

CLINICIANS = ("Dr. Amsel", "Dr. Birke", "Dr. Cedar")


def clinicians(carried: Mapping[str, str]) -> Answer:
    """All clinicians."""
    return as_json({"version": RELEASE["version"], "clinicians": CLINICIANS})


if __name__ == "__main__":
    serve({"/clinicians": clinicians})
