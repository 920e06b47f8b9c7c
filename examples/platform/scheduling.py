"""scheduling: free appointments. Asks records who may give them."""

from __future__ import annotations

from collections.abc import Mapping

from service import RELEASE, Answer, as_json, ask, serve

HOURS = ("09:00", "10:30", "14:00", "15:30")


def slots(carried: Mapping[str, str]) -> Answer:
    """One free appointment for each hour and clinician."""
    clinicians = ask("records", "/clinicians", carried)["clinicians"]
    free = [{"clinician": clinician, "at": hour} for hour in HOURS for clinician in clinicians]
    return as_json({"version": RELEASE["version"], "slots": free})


if __name__ == "__main__":
    serve({"/slots": slots})
