"""What is asked, who answered, and what was decided."""

from approvals.models.answers import Decision as Decision
from approvals.models.answers import SignOff as SignOff
from approvals.models.gates import Gate as Gate
from approvals.models.gates import Requirement as Requirement
