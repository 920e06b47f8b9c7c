"""What is asked, who answered, what was decided, and under which version of the policy."""

from approvals.models.answers import Decision as Decision
from approvals.models.answers import SignOff as SignOff
from approvals.models.emergency import BreakGlass as BreakGlass
from approvals.models.emergency import EmergencyStop as EmergencyStop
from approvals.models.emergency import Review as Review
from approvals.models.emergency import ReviewCause as ReviewCause
from approvals.models.gates import Gate as Gate
from approvals.models.gates import Requirement as Requirement
from approvals.models.policies import ExceptionUse as ExceptionUse
from approvals.models.policies import PolicyProposal as PolicyProposal
from approvals.models.policies import PolicyVersion as PolicyVersion
from approvals.models.signed import SignedAct as SignedAct
