"""Do the digests that run in every target equal the digests that were signed?

HIPAA 164.312(c)(1), integrity: what processes patient data is what was approved, nothing else.
"""

from __future__ import annotations

from datetime import timedelta

from compliance.observed import Observed, Outcome, TargetSeen
from compliance.states import FindingVerdict

NAME = "running_is_approved"
TITLE = "What runs is what was signed"
CONTROLS = ("HIPAA 164.312(c)(1)",)

FRESH = timedelta(minutes=2)
"""An older look at a target says nothing about now."""


def run(observed: Observed) -> Outcome:
    """Fail names the first component that differs; unknown names the target that was not seen."""
    if not observed.targets:
        return Outcome(FindingVerdict.UNKNOWN, "No target was seen, so what runs there is unknown.")
    unseen = [target for target in observed.targets if not _seen(observed, target)]
    wrong = [
        text for target in observed.targets if _seen(observed, target) for text in _wrong(observed, target)
    ]
    data = {target.region: dict(target.running) for target in observed.targets}
    if wrong:
        return Outcome(FindingVerdict.FAIL, " ".join(wrong), data)
    if unseen:
        names = ", ".join(target.region for target in unseen)
        return Outcome(
            FindingVerdict.UNKNOWN,
            f"{names} was not seen in the last two minutes; what runs there is unknown.",
            data,
        )
    count = len(observed.signed)
    regions = ", ".join(target.region for target in observed.targets)
    return Outcome(
        FindingVerdict.PASS, f"All {count} digests that run in {regions} are the signed ones.", data
    )


def _seen(observed: Observed, target: TargetSeen) -> bool:
    return target.reachable and target.seen_at is not None and observed.now - target.seen_at <= FRESH


def _wrong(observed: Observed, target: TargetSeen) -> list[str]:
    texts = []
    for name in sorted(observed.signed.keys() | target.running.keys()):
        signed, running = observed.signed.get(name), target.running.get(name)
        if signed == running:
            continue
        if running is None:
            texts.append(f"{name} does not run in {target.region}.")
        elif signed is None:
            texts.append(f"{name} runs in {target.region} but was never signed.")
        else:
            texts.append(f"{name} in {target.region} runs {running[7:15]}, signed was {signed[7:15]}.")
    return texts
