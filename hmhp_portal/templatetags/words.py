"""States in the words that people read, with their tone and icon (design: a state is tone + icon + word).

In: a state's code name and its family. Out: `Look`. Called by the badge tags; a pure table.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown: its word, the tone of its colour, and an icon of the sprite."""

    word: str
    tone: str
    icon: str


RELEASE = {
    "draft": Look("Preparing", "idle", "pen"),
    "staging": Look("In staging", "live", "run"),
    "validating": Look("In staging", "live", "run"),
    "review": Look("Sign-off", "idle", "wait"),
    "approved": Look("Approved", "ok", "check"),
    "scheduled": Look("Scheduled", "hold", "calendar"),
    "deploying": Look("Deploying", "live", "run"),
    "monitoring": Look("Heightened monitoring", "live", "pulse"),
    "completed": Look("Done", "ok", "check"),
    "rejected": Look("No-go", "bad", "hand"),
    "rolled_back": Look("Rolled back", "bad", "back"),
    "superseded": Look("Replaced", "idle", "reset"),
    "cancelled": Look("Cancelled", "idle", "cross"),
}

RUN = {
    "queued": Look("Waiting", "idle", "wait"),
    "running": Look("Running", "live", "run"),
    "paused": Look("Paused", "watch", "pause"),
    "succeeded": Look("Done", "ok", "check"),
    "failed": Look("Failed", "bad", "cross"),
    "cancelled": Look("Cancelled", "idle", "cross"),
    "rolling_back": Look("Rolling back", "bad", "back"),
    "rolled_back": Look("Rolled back", "bad", "back"),
}

STEP = {
    "waiting": Look("Waiting", "idle", "open"),
    "running": Look("Running", "live", "run"),
    "done": Look("Done", "ok", "check"),
    "paused": Look("Paused", "watch", "pause"),
    "failed": Look("Failed", "bad", "cross"),
    "skipped": Look("Skipped", "idle", "cross"),
    "returned": Look("Rolled back", "bad", "back"),
}

RESULT = {
    "missing": Look("Not run", "idle", "open"),
    "pass": Look("Passed", "ok", "check"),
    "fail": Look("Failed", "bad", "cross"),
    "not_applicable": Look("Not applicable", "idle", "open"),
    "stale": Look("Stale", "watch", "clock"),
    "unknown": Look("Not known", "watch", "alert"),
    "waived": Look("Waived", "hold", "hand"),
}

FACT = {
    "clear": Look("Clear", "ok", "check"),
    "watch": Look("Watch", "watch", "alert"),
    "blocks": Look("Blocks", "bad", "stop"),
}

VERDICT = {
    "pass": Look("Within limit", "ok", "check"),
    "fail": Look("Over limit", "bad", "alert"),
    "inconclusive": Look("Too few requests", "watch", "clock"),
    "error": Look("Not measured", "watch", "alert"),
    "": Look("Not measured", "idle", "open"),
}

SIGNOFF = {
    "waiting": Look("Waiting", "idle", "wait"),
    "you": Look("Your turn", "you", "person"),
    "signed": Look("Signed", "ok", "pen"),
    "veto": Look("Veto", "bad", "hand"),
    "void": Look("Reset", "watch", "reset"),
    "withdrawn": Look("Withdrawn", "idle", "reset"),
    "expired": Look("Expired", "idle", "clock"),
}

GATE = {
    "open": Look("Open", "idle", "wait"),
    "satisfied": Look("All signed", "ok", "check"),
    "rejected": Look("No-go", "bad", "hand"),
    "expired": Look("Expired", "idle", "clock"),
    "void": Look("Reset", "watch", "reset"),
}

KIND = {
    "feature": Look("Feature", "idle", "spark"),
    "bugfix": Look("Bug fix", "idle", "bug"),
    "security": Look("Security", "idle", "shield"),
    "major": Look("Major", "idle", "steps"),
}

MESSAGE = {
    "waiting": Look("Waiting", "idle", "wait"),
    "sending": Look("Sending", "live", "run"),
    "sent": Look("Sent", "ok", "check"),
    "kept": Look("Kept here", "hold", "mail"),
    "failed": Look("Not sent", "bad", "alert"),
}

FAMILIES = {
    "release": RELEASE,
    "run": RUN,
    "step": STEP,
    "result": RESULT,
    "fact": FACT,
    "verdict": VERDICT,
    "signoff": SIGNOFF,
    "gate": GATE,
    "kind": KIND,
    "message": MESSAGE,
}


def look(family: str, state: str) -> Look:
    """The look of `state` in its family; a state that the table does not know shows its own name."""
    known = FAMILIES[family].get(str(state))
    return known or Look(str(state).replace("_", " ").capitalize(), "idle", "info")
