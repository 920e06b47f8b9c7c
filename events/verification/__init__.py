"""The check of the whole record: every chain, every checkpoint, every tombstone, and a head kept elsewhere.

`whole` is what the command, the nightly task and the page call.
"""

from events.verification.faults import Fault as Fault
from events.verification.streams import verify_stream as verify_stream
from events.verification.whole import Outcome as Outcome
from events.verification.whole import verify as verify
