"""Events of the record in words, with an icon and a tone, for timelines and the audit trail.

In: an event. Out: words that say what happened; who and when stand beside. Called by templates
(`{% load happenings %}`). A kind that the table does not know is shown by its own name.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django import template

from accounts.roles import Role
from events.names import shown, shown_in

register = template.Library()


class Happening(NamedTuple):
    """How a kind of event is shown."""

    words: str
    icon: str = "open"
    tone: str = "idle"


KINDS = {
    "release.created": Happening("Release opened", "tag"),
    "release.content_changed": Happening("Content changed", "box", "watch"),
    "release.annotated": Happening("Notes or title changed", "pen"),
    "release.authors_changed": Happening("Authors changed", "people"),
    "checklist.recorded": Happening("Checklist result recorded", "check"),
    "validation.recorded": Happening("Validation recorded", "check"),
    "fact.recorded": Happening("Fact given by hand", "person"),
    "release.staged": Happening("Staging began", "right"),
    "release.validating": Happening("Staging runs this content", "check", "ok"),
    "release.submitted": Happening("Submitted for sign-off, plan frozen", "lock"),
    "release.returned_to_review": Happening("Back to sign-off", "reset", "watch"),
    "release.returned_to_draft": Happening("Returned to preparation", "reset", "watch"),
    "window.set": Happening("Window set", "calendar"),
    "window.moved": Happening("Window moved", "calendar", "watch"),
    "window.missed": Happening("Window missed", "clock", "watch"),
    "gate.opened": Happening("Signatures asked for", "wait"),
    "signoff.given": Happening("Signed", "pen", "ok"),
    "signoff.withdrawn": Happening("Signature withdrawn", "reset", "watch"),
    "signoff.invalid": Happening("Signature no longer valid", "reset", "watch"),
    "signatures.voided": Happening("Signatures reset", "reset", "watch"),
    "gate.satisfied": Happening("All roles have signed", "check", "ok"),
    "gate.unsatisfiable": Happening("Nobody is left who can sign", "alert", "watch"),
    "gate.satisfiable": Happening("Somebody can sign again", "check"),
    "gate.reopened": Happening("Signatures asked for again", "wait", "watch"),
    "gate.expired": Happening("Nobody answered in time", "clock", "watch"),
    "gate.rejected": Happening("Vetoed", "hand", "bad"),
    "signoff.reminder": Happening("Reminded of missing signatures", "bell"),
    "exception.used": Happening("A declared exception was used", "alert", "watch"),
    "policy.proposed": Happening("Changed approval policy waits for signatures", "pen", "watch"),
    "policy.adopted": Happening("Approval policy in force", "lock", "ok"),
    "policy.refused": Happening("Changed approval policy refused", "hand", "bad"),
    "policy.withdrawn": Happening("Changed approval policy taken back", "reset"),
    "glass.broken": Happening("Glass broken: one signature is enough", "alert", "bad"),
    "glass.late_entry": Happening("Recorded afterwards: done past the portal", "alert", "watch"),
    "release.glass_broken": Happening("Glass broken for this release", "alert", "bad"),
    "review.followed_up": Happening("What follows a review's no-go is named", "pen"),
    "review.reminder": Happening("Reminded of an owed review", "bell", "watch"),
    "review.late": Happening("An owed review is late and blocks", "alert", "bad"),
    "freeze.overridden": Happening("Let through a freeze", "frost", "watch"),
    "stop.made": Happening("Emergency stop", "stop", "bad"),
    "stop.lifted": Happening("Emergency stop lifted", "play", "ok"),
    "decision.made": Happening("Decision of the Release Manager", "person"),
    "decision.revoked": Happening("The go no longer stands", "reset", "watch"),
    "release.approved": Happening("Approved for its window", "check", "ok"),
    "release.postponed": Happening("Postponed", "calendar", "watch"),
    "release.watching": Happening("Somebody is watching the start", "person"),
    "run.queued": Happening("Run queued", "wait"),
    "run.started": Happening("Run started", "play"),
    "run.step_done": Happening("Step done", "check"),
    "run.paused": Happening("Paused", "pause", "watch"),
    "run.resumed": Happening("Resumed", "play"),
    "run.promoted": Happening("Promoted early", "next", "watch"),
    "run.weights_changed": Happening("Traffic moved", "tide"),
    "run.held": Happening("Held: the verdict is open", "pause", "watch"),
    "run.abort_asked": Happening("Abort asked", "back", "bad"),
    "run.rolling_back": Happening("Rolling back", "back", "bad"),
    "run.sent_back_offline": Happening("Sent back past the portal (late entry)", "alert", "watch"),
    "run.rolled_back": Happening("Rolled back", "back", "bad"),
    "run.succeeded": Happening("Run succeeded", "check", "ok"),
    "run.failed": Happening("Run failed", "cross", "bad"),
    "run.cancelled": Happening("Run cancelled", "cross"),
    "release.previewed": Happening("Asked the clusters what would change", "check"),
    "run.drifted": Happening("Something else runs than was approved", "cross", "bad"),
    "run.drift_ended": Happening("What was approved runs again", "check", "ok"),
    "run.retired": Happening("Old colour taken down", "box"),
    "announce.wanted": Happening("Announcement asked for", "bell"),
    "message.sent": Happening("Message sent", "mail"),
    "release.deploying": Happening("Deployment began", "tide", "live"),
    "release.monitoring": Happening("Live; heightened monitoring began", "pulse", "live"),
    "release.monitoring_extended": Happening("Monitoring extended", "pulse", "watch"),
    "release.completed": Happening("Done", "check", "ok"),
    "release.rolled_back": Happening("Rolled back", "back", "bad"),
    "release.superseded": Happening("Replaced by an emergency release", "reset", "watch"),
    "release.cancelled": Happening("Cancelled", "cross"),
    "release.rejected": Happening("No-go", "hand", "bad"),
    "release.reopened": Happening("Reopened", "reset"),
    "release.followed_up": Happening("Followed up by a new release", "right"),
    "release.asked_again": Happening("Asked for signatures again", "pen", "watch"),
    "release.replanned": Happening("New plan frozen", "lock", "watch"),
    "release.rebased": Happening("Rebased on what production runs", "reset", "watch"),
    "lessons.recorded": Happening("Cause and lessons recorded", "doc"),
    "environment.locked": Happening("Environment locked", "lock", "watch"),
    "environment.unlocked": Happening("Environment unlocked", "check"),
    "environment.adopted": Happening("What ran already was taken over", "check", "ok"),
    "environment.sent_back_by_hand": Happening("Sent back by hand, past the portal", "alert", "watch"),
    "findings.recorded": Happening("Compliance checks recorded", "shield-check"),
    "freeze.added": Happening("Freeze added", "frost", "hold"),
    "freeze.removed": Happening("Freeze removed", "frost"),
    "token.created": Happening("API token created", "key"),
    "token.revoked": Happening("API token revoked", "key"),
    "key.rotated": Happening("New signing key", "key", "watch"),
    "message.sent_again": Happening("Message sent again", "mail"),
    "person.added": Happening("Person added", "person"),
    "person.changed": Happening("Person changed", "person"),
    "person.deputy_named": Happening("Deputy named", "people"),
    "person.deputy_ended": Happening("Deputy no longer", "people", "watch"),
    "person.deactivated": Happening("Account switched off", "lock", "watch"),
    "person.reactivated": Happening("Account switched on", "person"),
    "person.factor_added": Happening("Second factor set up", "key"),
    "person.factor_refused": Happening("Second factor refused", "alert", "watch"),
    "person.factor_removed": Happening("Second factor removed", "key", "watch"),
    "person.factors_reset": Happening("Second factors reset by an Administrator", "key", "watch"),
    "person.logged_in": Happening("Logged in", "key"),
    "person.logged_out": Happening("Logged out", "key"),
    "person.login_failed": Happening("Login failed", "alert", "watch"),
    "person.password_link_made": Happening("Link for a password made", "key"),
    "person.password_set": Happening("Password set", "key"),
    "person.recovery_codes_renewed": Happening("New recovery codes made", "key"),
    "person.role_granted": Happening("Role given", "people"),
    "person.role_ended": Happening("Role ended", "people", "watch"),
    "person.role_kept_by_file": Happening("Role kept: the platform file does not take it", "people"),
    "person.erased": Happening("Person erased", "lock", "watch"),
    "audit.searched": Happening("Audit trail read", "search"),
    "audit.exported": Happening("Audit trail exported", "doc"),
    "dossier.asked": Happening("Dossier asked for", "doc"),
    "dossier.read": Happening("Dossier read", "doc"),
    "hold.placed": Happening("Legal hold placed", "lock", "watch"),
    "hold.lifted": Happening("Legal hold lifted", "check"),
    "retention.dropped": Happening("Month dropped after its time", "box", "watch"),
    "person.settings_changed": Happening("Own settings changed", "gear"),
    "person.source_login_added": Happening("Source login tied", "person"),
    "person.source_login_removed": Happening("Source login untied", "person"),
    "platform.loaded": Happening("Platform file loaded", "gear"),
    "platform.masking_changed": Happening("Masking changed", "lock"),
    "platform.stakeholders_changed": Happening("Stakeholders changed", "people"),
    "refusal.recorded": Happening("Refused", "stop", "watch"),
}
DETAIL_KEYS = ("sentence", "title", "remark", "result", "environment", "region", "role", "login", "cause")


@register.filter
def happening(event: Any) -> Happening:
    """The words, icon and tone of an event."""
    known = KINDS.get(event.kind)
    if known is None:
        return Happening(event.kind.replace("_", " ").replace(".", ": ").capitalize())
    if event.kind.startswith(("signoff.", "decision.")):
        return known._replace(**_answer(known, event))
    return known


def _answer(known: Happening, event: Any) -> dict[str, str]:
    told = {**(event.after or {}), **event.data}
    role = told.get("role")
    name = f"{Role(role).label}: " if role in Role.values else ""
    answer = told.get("answer")
    words = known.words[0].lower() + known.words[1:] if name else known.words
    if event.kind == "signoff.given" and answer == "no_go":
        return {"words": f"{name}veto" if name else "Veto", "icon": "hand", "tone": "bad"}
    if event.kind == "decision.made":
        shown = {"go": ("Go", "check", "ok"), "no_go": ("No-go", "hand", "bad")}
        words, icon, tone = shown.get(str(answer), ("Postponed", "calendar", "watch"))
        return {"words": words, "icon": icon, "tone": tone}
    return {"words": f"{name}{words}"}


@register.filter
def readable(value: Any) -> Any:
    """A value of an event with the names that are still there."""
    return shown_in(value)


@register.filter
def in_words(sentence: str, entry: Any) -> str:
    """A sentence of an entry with the names that are still there."""
    return str(entry.words(sentence))


@register.filter
def told(entry: Any) -> str:
    """The one line below the words of an entry, from names that its page has read already."""
    return str(entry.words(_detail(entry.event)))


@register.filter
def detail(event: Any) -> str:
    """The one line below the words: the reason, else what the event itself says."""
    return shown(_detail(event))


def _detail(event: Any) -> str:
    if event.reason:
        return str(event.reason)
    told = {**(event.after or {}), **event.data}
    found = [str(told[key]) for key in DETAIL_KEYS if isinstance(told.get(key), str | int) and told[key]]
    first, *more = list(dict.fromkeys(found))[:2] or [""]
    return ", ".join([first.rstrip("."), *more]) if more else first
