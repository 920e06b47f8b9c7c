"""Is green as good as it must be? Pure functions over what was really served.

`Served` adds up counters, `judge` compares green with limits and with blue. Weights that were
written never enter: only requests that were answered count. Called by `deployments.services`.
"""

from deployments.analysis.served import Served, grown
from deployments.analysis.verdict import Evidence, Outcome, Row, Verdict, judge, unmeasured

__all__ = ["Evidence", "Outcome", "Row", "Served", "Verdict", "grown", "judge", "unmeasured"]
