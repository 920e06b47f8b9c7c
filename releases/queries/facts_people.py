"""Facts about people: signatures, the go, who watches, and what they said by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from accounts.roles import Role
from approvals.policy import Action, who_may
from approvals.queries.owed import who_owes
from approvals.states import GateState
from releases.models import FactDefinition
from releases.queries.dossier import Dossier, newest_of
from releases.queries.fact import Fact, blocks, clear, utc, watch
from releases.states import Kind, Verdict

WATCHING_HOLDS = timedelta(minutes=30)


def signatures(d: Dossier) -> Fact | None:
    """Have all roles that the gate asks said go?"""
    if d.gate_state is None:
        return blocks(
            "signatures",
            "Signatures",
            "not asked",
            "Nobody has been asked to sign; submit the release first.",
            who=who_may(Action.SUBMIT),
        )
    if d.gate_state == GateState.SATISFIED and d.glass is not None:
        text = (
            f"{d.glass.person.handle} broke the glass: {d.glass.reason.rstrip('.')}. "
            "One signature is enough; its review is owed."
        )
        return watch("signatures", "Signatures", "glass broken", text)
    if d.gate_state == GateState.SATISFIED:
        return clear("signatures", "Signatures", "complete", "Every role that the gate asks has said go.")
    if d.gate_state == GateState.OPEN:
        text = " ".join(blocker.sentence for blocker in d.unsigned)
        if d.stuck:
            return blocks(
                "signatures",
                "Signatures",
                "cannot be given",
                f"The people who are there now cannot satisfy the gate: {d.stuck} {text}",
                who="an Administrator, who can give the role to somebody or name a deputy",
            )
        who = " and ".join(dict.fromkeys(blocker.who for blocker in d.unsigned))
        return blocks("signatures", "Signatures", f"{len(d.unsigned)} missing", text, who=who)
    return blocks(
        "signatures",
        "Signatures",
        d.gate_state.value,
        f"The gate is {d.gate_state.label.lower()}; it takes no more signatures. {d.gate_end}".strip(),
        who=who_may(Action.REOPEN if d.gate_state == GateState.REJECTED else Action.SUBMIT),
        final=d.gate_state == GateState.REJECTED,
    )


def policy(d: Dossier) -> Fact | None:
    """Does the approval policy in force ask more than the gate, which keeps its own version?"""
    if not d.tightened:
        return None
    return watch("policy", "Approval policy", "asks more by now", d.tightened, who=who_may(Action.SUBMIT))


def decision(d: Dossier) -> Fact | None:
    """Has the Release Manager said go for this window?"""
    window = (d.release.window_start, d.release.window_end)
    if d.go is None:
        return blocks(
            "decision",
            "Decision",
            "no go yet",
            "The Release Manager has not said go.",
            who=who_may(Action.DECIDE),
        )
    if d.go.window != window:
        return blocks(
            "decision",
            "Decision",
            "for another window",
            "The go was said for another window.",
            who=who_may(Action.DECIDE),
        )
    return clear("decision", "Decision", "go", f"{d.go.by.handle} said go for this window.", at=d.go.at)


def reviews(d: Dossier) -> Fact | None:
    """Is a review owed for what ran with fewer signatures? A late one blocks the next ordinary release.

    So does one that said no-go, at once, until somebody has named what follows. A security release
    passes, and so does one whose own glass is broken: emergencies are not ordinary.
    """
    if not d.reviews:
        return clear("reviews", "Reviews owed", "none", "No review is owed.")
    vetoed = [review for review in d.reviews if review.is_vetoed]
    late = vetoed + [r for r in d.reviews if r not in vetoed and d.reached(r.due_at)]
    if not late:
        first = d.reviews[0]
        text = f"{first.gate.label} is owed until {utc(first.due_at)}; once it is late it blocks."
        return watch(
            "reviews", "Reviews owed", f"{len(d.reviews)}", text, who=who_owes([first], d.release.gate)
        )
    text = " ".join(
        f"{review.gate.label} said no-go, and nobody has named what follows."
        if review in vetoed
        else f"{review.gate.label} is late since {utc(review.due_at)}."
        for review in late
    )
    value = f"{len(late)} late" if not vetoed else f"{len(late)} block"
    who = who_owes(late, d.release.gate)
    if d.release.kind == Kind.SECURITY or d.glass is not None:
        return watch("reviews", "Reviews owed", value, text, who=who)
    return blocks("reviews", "Reviews owed", value, text, who=who)


def watching(d: Dossier) -> Fact | None:
    """Is a DevOps Engineer there, by their own word of the last thirty minutes?"""
    if d.watching is not None and not d.reached(d.watching.at + WATCHING_HOLDS):
        text = "A DevOps Engineer has said that they are watching."
        return clear("watching", "Watching", "yes", text, at=d.watching.at)
    return watch(
        "watching",
        "Watching",
        "nobody",
        "Nobody has said in the last 30 minutes that they are watching; it does not start by itself.",
        who=who_may(Action.WATCH),
    )


def given_by_hand(d: Dossier) -> Iterator[Fact]:
    """The facts that nobody measures yet: missing, bad and too old must not look alike, or clear."""
    for definition in d.facts:
        demanded = d.moment in definition.moments
        if demanded or d.moment == "go":
            yield _by_hand(definition, d, Verdict.BLOCKS if demanded else Verdict.WATCH)


def _by_hand(definition: FactDefinition, d: Dossier, unclear: Verdict) -> Fact:
    name, title = definition.name, definition.title
    said = newest_of(definition)
    who = words_of(definition)
    if said is None:
        return Fact(
            name, title, unclear, "not said", f"{title}: nobody has said anything.", "by hand", who=who
        )
    at = datetime.fromisoformat(said["at"])
    age = max(0, int((d.now - at).total_seconds()))
    verdict, value, text = said["value"], said["value"], f"{title}: {said['remark'] or said['value']}"
    if d.reached(at + timedelta(seconds=definition.max_age_seconds + 1)):
        verdict, value = unclear, "too old"
        holds = in_words(definition.max_age_seconds)
        text = f"{title} was said for {utc(at)} and holds for {holds}; say it again"
    if verdict == Verdict.BLOCKS and unclear == Verdict.WATCH:
        verdict = Verdict.WATCH
    return Fact(
        name,
        title,
        verdict,
        value,
        text.rstrip(".") + ".",
        f"by hand, {said['by']}",
        at,
        age,
        who,
        said["link"],
    )


def words_of(definition: FactDefinition) -> str:
    """Who gives a fact, as words."""
    roles = [Role(role).label for role in definition.who]
    return " or ".join(roles) if roles else who_may(Action.RECORD_FACT)


def in_words(seconds: int) -> str:
    """A duration as people say it."""
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {word}{'s' if count > 1 else ''}"
    return f"{seconds} seconds"
