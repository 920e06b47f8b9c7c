"""States of a message and the kinds of mail that the portal sends."""

from __future__ import annotations

from django.db import models


class MessageState(models.TextChoices):
    """Where a message stands on its way out.

    `sending` is written before the text is handed over: a message found in it after a death may
    or may not have arrived, and is sent once more, marked.
    """

    WAITING = "waiting", "Waiting"
    SENDING = "sending", "On its way"
    SENT = "sent", "Sent"
    FAILED = "failed", "Refused"
    KEPT = "kept", "Kept here"


class MailKind(models.TextChoices):
    """What a mail tells: of a release in the order of its life, then of what is no release's."""

    SIGNOFF_ASKED = "signoff_asked", "Sign-off asked"
    REMINDER = "reminder", "Sign-off still missing"
    STUCK = "stuck", "Nobody can sign"
    REVIEW_ASKED = "review_asked", "Review owed"
    REVIEW_DUE = "review_due", "Review due"
    REVIEW_VETOED = "review_vetoed", "Review vetoed"
    SIGNATURES_VOID = "signatures_void", "Signatures void"
    GO = "go", "Go"
    GO_ENDED = "go_ended", "Go ended"
    NO_GO = "no_go", "No-go"
    POSTPONED = "postponed", "Postponed"
    WINDOW_MOVED = "window_moved", "Window moved"
    CANCELLED = "cancelled", "Cancelled"
    STARTED = "started", "Started"
    STOPPED = "stopped", "Stopped before traffic"
    HELD = "held", "Somebody is needed"
    FINISHED = "finished", "Finished"
    ROLLED_BACK = "rolled_back", "Rolled back"
    REPLACED = "replaced", "Replaced"
    COMPLETED = "completed", "Monitoring completed"
    DRIFTED = "drifted", "Something else runs"
    DONE_OFFLINE = "done_offline", "Done without the portal"
    STOP_MADE = "stop_made", "Emergency stop"
    STOP_SIGNED = "stop_signed", "Stop can be lifted"
    STOP_STAYS = "stop_stays", "Stop stays"
    STOP_LIFTED = "stop_lifted", "Stop lifted"
    POLICY_ADOPTED = "policy_adopted", "Approval policy changed"
    POLICY_REFUSED = "policy_refused", "Approval policy stays"
    FACTORS_RESET = "factors_reset", "Second factors reset"
    AUDIT_HEAD = "audit_head", "Head of the audit trail"
