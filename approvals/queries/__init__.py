"""What gates wait for and from whom, and the rules in force; read by pages, the API and other rooms."""

from approvals.queries.standing import RequirementStanding as RequirementStanding
from approvals.queries.standing import StandingState as StandingState
from approvals.queries.standing import gates as gates
from approvals.queries.standing import is_read as is_read
from approvals.queries.standing import live_gate as live_gate
from approvals.queries.standing import missing as missing
from approvals.queries.standing import parts as parts
from approvals.queries.standing import read as read
from approvals.queries.standing import signers as signers
from approvals.queries.standing import standing as standing
from approvals.queries.standing import standing_go as standing_go
from approvals.queries.standing import standings as standings
from approvals.queries.standing import unmeetable as unmeetable
from approvals.queries.standing import waiting_for as waiting_for
from approvals.queries.standing import who_can_sign as who_can_sign
from approvals.queries.versions import exceptions_of as exceptions_of
from approvals.queries.versions import in_force as in_force
from approvals.queries.versions import newest_number as newest_number
from approvals.queries.versions import pending as pending
from approvals.queries.versions import rule_now as rule_now
from approvals.queries.versions import tightened as tightened
