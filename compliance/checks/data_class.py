"""Does every target say of itself the data class that its environment is meant for?

HIPAA 164.514 (de-identification) and GDPR Article 25 (data protection by design): real data lives in
production only, and production's targets are the ones made for it.
"""

from __future__ import annotations

from compliance.observed import Observed, Outcome
from compliance.states import FindingVerdict

NAME = "data_class"
TITLE = "Data class of targets"
CONTROLS = ("HIPAA 164.514", "GDPR Art. 25")


def run(observed: Observed) -> Outcome:
    """Fail names each target whose class is another than its environment's."""
    if not observed.targets:
        return Outcome(FindingVerdict.UNKNOWN, "No target is configured, so no data class could be compared.")
    wrong = [
        f"{target.region} holds {target.data_class or 'an unnamed class of'} data, "
        f"{target.environment} is meant for {target.wanted_data_class} data."
        for target in observed.targets
        if target.data_class != target.wanted_data_class
    ]
    data = {target.region: target.data_class for target in observed.targets}
    if wrong:
        return Outcome(FindingVerdict.FAIL, " ".join(wrong), data)
    first = observed.targets[0]
    count = len(observed.targets)
    return Outcome(
        FindingVerdict.PASS,
        f"{'Its target is' if count == 1 else f'All {count} targets are'} of {first.environment}'s class, "
        f"{first.wanted_data_class} data.",
        data,
    )
