"""Facts about time and place: window, freezes, locks, other runs, targets."""

from __future__ import annotations

from datetime import datetime, timedelta

from approvals import stops
from approvals.policy import Action, who_may
from deployments import queries as deployments
from deployments.states import RunState
from releases.queries.calendar import Frozen, frozen
from releases.queries.dossier import Dossier
from releases.queries.fact import Fact, blocks, clear, listed, utc, watch
from releases.queries.overrides import passed_by, still_stopping
from releases.states import Kind, ReleaseState
from releases.verbs import Verb, refusal

SOON = timedelta(minutes=5)
"""How far ahead freezes are looked for; no answer is kept longer."""
STATE_OF_MOMENT = {
    "sign": frozenset({ReleaseState.REVIEW}),
    "go": frozenset({ReleaseState.REVIEW}),
    "start": frozenset({ReleaseState.APPROVED}),
    "carry_on": frozenset({ReleaseState.DEPLOYING, ReleaseState.MONITORING}),
}
VERB_OF_MOMENT = {"sign": Verb.SIGN, "go": Verb.DECIDE, "start": Verb.DEPLOY, "carry_on": Verb.ROLL_BACK}


def state(d: Dossier) -> Fact | None:
    """Is the release where this moment can come?"""
    found = d.release.status
    if found in STATE_OF_MOMENT[d.moment]:
        return clear("state", "State", found.label, f"{d.release.version} is {found.label.lower()}.")
    text = refusal(d.release.version, found, VERB_OF_MOMENT[d.moment]) or f"It is {found.label.lower()}."
    final = found not in (
        ReleaseState.DRAFT,
        ReleaseState.STAGING,
        ReleaseState.VALIDATING,
        ReleaseState.REVIEW,
        ReleaseState.APPROVED,
    )
    return blocks("state", "State", found.label, text, who="", final=final)


def window(d: Dossier) -> Fact | None:
    """Is there a window, is it still to come (go), or is it now (start, carry on)?"""
    start, end = d.release.window_start, d.release.window_end
    who = who_may(Action.SET_WINDOW)
    if start is None or end is None:
        return blocks("window", "Window", "none", "No production window is set.", who=who)
    value = f"{utc(start)} to {utc(end)}"
    if d.reached(end):
        if d.moment == "carry_on" and (d.release.plan or {}).get("on_window_end") == "finish":
            text = "The window is over; the plan's declared choice is to finish."
            return watch("window", "Window", value, text)
        return blocks("window", "Window", value, f"The window ended at {utc(end)}.", who=who)
    if d.moment == "start" and not d.reached(start):
        return blocks("window", "Window", value, f"The window opens at {utc(start)}.", who="time, or " + who)
    if not d.reached(start):
        return clear("window", "Window", value, f"The window opens at {utc(start)}.")
    return clear("window", "Window", value, f"The window is open until {utc(end)}.")


def freeze(d: Dossier) -> Fact | None:
    """Does a freeze stop this kind of release, now or (for a go) within the window?"""
    start = end = d.now
    if d.moment == "go" and d.release.window_start and d.release.window_end:
        start, end = max(d.now, d.release.window_start), d.release.window_end
    spans = frozen(
        start,
        max(end, start + timedelta(seconds=1)),
        environment=d.production.name,
        kind=d.release.kind,
        among=d.freezes,
    )
    d.turns += freeze_turns(d)
    if not spans:
        return clear("freeze", "Freeze", "none", "No freeze stands in the way.")
    left = still_stopping(spans, passed_by(d.overrides))
    if not left:
        return _overridden(d, spans)
    names = listed(list(dict.fromkeys(span.freeze.name for span in left)))
    text = " ".join(_frozen_words(span) for span in left)
    if d.moment == "carry_on" and (d.release.plan or {}).get("on_freeze") == "finish":
        return watch("freeze", "Freeze", names, text + " The plan's declared choice is to finish.")
    who = f"{who_may(Action.MANAGE_FREEZES)} (remove it), or {who_may(Action.OVERRIDE_FREEZE)} (override it)"
    return blocks("freeze", "Freeze", names, text, who=who)


def freeze_turns(d: Dossier) -> list[datetime]:
    """When freezes begin (a second early, as `freeze` looks) or end within the next minutes."""
    soon = frozen(d.now, d.now + SOON, environment=d.production.name, kind=d.release.kind, among=d.freezes)
    turns = [turn for span in soon for turn in (span.start - timedelta(seconds=1), span.end)]
    return [turn for turn in turns if turn > d.now]


def _frozen_words(span: Frozen) -> str:
    return (
        f"The freeze “{span.freeze.name}” stands from {utc(span.start)} to {utc(span.end)}: "
        f"{span.freeze.reason.rstrip('.')}."
    )


def _overridden(d: Dossier, spans: list[Frozen]) -> Fact:
    """Every freeze in the way was overridden by name; that stays to be seen."""
    names = listed(list(dict.fromkeys(span.freeze.name for span in spans)))
    touched = {(span.freeze.pk, span.start) for span in spans}
    reasons = [o.reason.rstrip(".") for o in d.overrides if (o.freeze_id, o.span_start) in touched]
    text = f"Overridden for {d.release.version}: {names}. {'; '.join(dict.fromkeys(reasons))}."
    return watch("freeze", "Freeze", f"{names}, overridden", text)


def stop(d: Dossier) -> Fact | None:
    """Is an emergency stop in force? It stops starts and forward moves, not people's answers."""
    if d.stop is None:
        return clear("stop", "Emergency stop", "none", "No emergency stop is in force.")
    who = f"{who_may(Action.LIFT_STOP)}, once its gate is signed"
    if d.moment == "go":
        text = f"{stops.in_words(d.stop)} Nothing starts until it is lifted."
        return watch("stop", "Emergency stop", "in force", text, who=who)
    return blocks("stop", "Emergency stop", "in force", stops.in_words(d.stop), who=who)


def lock(d: Dossier) -> Fact | None:
    """Is production locked after a rollback?"""
    if d.lock is None:
        return clear("lock", "Lock", "none", f"{d.production.name.capitalize()} is not locked.")
    text = (
        f"{d.production.name.capitalize()} is locked since {utc(d.lock.since)}: {d.lock.reason.rstrip('.')}."
    )
    if d.release.kind == Kind.SECURITY:
        return watch("lock", "Lock", "locked", text + " A security release may pass, with a reason.")
    if d.moment != "start":
        return watch("lock", "Lock", "locked", text, who=who_may(Action.RECORD_LESSONS))
    return blocks("lock", "Lock", "locked", text, who=who_may(Action.RECORD_LESSONS))


def runs(d: Dossier) -> Fact | None:
    """What else is under way in production?"""
    moving = [run for run in d.runs if run.run_state != RunState.SUCCEEDED]
    if moving:
        first = moving[0]
        return watch(
            "runs",
            "Other runs",
            first.subject,
            f"{first.subject} is {first.run_state.label.lower()} in {d.production.name}; "
            "this run would wait its turn.",
        )
    if d.runs:
        first = d.runs[0]
        text = f"{first.subject} is still in heightened monitoring; this run would wait until that has ended"
        if d.release.kind == Kind.SECURITY:
            text += ", or pass as an emergency, with a reason"
        return watch("runs", "Other runs", first.subject, text + ".")
    return clear("runs", "Other runs", "none", f"Nothing else is under way in {d.production.name}.")


def drift(d: Dossier) -> Fact | None:
    """Does production run what was approved for it?"""
    moving = any(run.run_state != RunState.SUCCEEDED for run in d.runs)
    found = () if moving else deployments.drift(d.serving, d.targets)
    if not found:
        return None
    text = f"{d.production.name.capitalize()} does not run what was approved: {'; '.join(found)}."
    return blocks("drift", "Drift", f"{len(found)}", text, who=who_may(Action.DEPLOY))


def targets(d: Dossier) -> Fact | None:
    """Do all targets carry production's data class, and were they reached?"""
    if not d.targets:
        text = f"{d.production.name.capitalize()} has no target."
        return blocks("targets", "Targets", "none", text, who=who_may(Action.MANAGE_PLATFORM))
    wrong = [t.region.name for t in d.targets if t.data_class != d.production.data_class]
    if wrong:
        text = f"{listed(wrong)} does not hold {d.production.data_class} data."
        return blocks("targets", "Targets", listed(wrong), text, who=who_may(Action.MANAGE_PLATFORM))
    views = {t.region.name: getattr(t, "view", None) for t in d.targets}
    away = [name for name, view in views.items() if view is not None and not view.reachable]
    if away:
        text = f"{listed(away)} did not answer when it was last asked; the run would wait for it."
        return watch("targets", "Targets", listed(away), text, who="a DevOps Engineer")
    return clear(
        "targets", "Targets", f"{len(d.targets)}", f"All {len(d.targets)} targets are as configured."
    )
