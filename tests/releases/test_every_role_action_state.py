"""Every role × action × release state, generated from docs/roles.md: refused or allowed as it says.

For each state the real services make one release in it; then everybody tries everything on it, each
try in a savepoint of its own, once for all tests here. Refused for the person comes before refused for
the state.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from django.db import transaction

from accounts.actors import Actor, from_token
from accounts.roles import SERVICE_SCOPES, Role, Scope
from approvals.errors import MayNotSign
from approvals.policy import Action
from approvals.services import gates
from events import clock
from events.errors import NotAllowed, PortalError
from releases.errors import WrongReleaseState
from releases.models import Release
from releases.services import (
    ask_again,
    cancel,
    deciding,
    edit,
    emergency,
    facts,
    follow_up,
    freezes,
    items,
    lessons,
    overriding,
    rebase,
    reopen,
    replan,
    rollback,
    signing,
    stage,
    starting,
    submit,
    window,
)
from releases.states import ReleaseState
from releases.verbs import Verb
from tests.approvals.test_every_role_and_action import PAGE, PAGE_ROWS
from tests.cast import ROLES as CAST
from tests.cast import actor, token_of
from tests.releases import world

pytestmark = pytest.mark.django_db
Act = Callable[[Release, Actor], Any]
ROLE_OF = {name: roles[0] if roles else None for name, roles in CAST.items()}
OTHERS = frozenset(
    {
        Action.READ_RELEASES,
        Action.READ_DEPLOYMENTS,
        Action.READ_EVENTS,
        Action.READ_AUDIT,
        Action.READ_OUTBOX,
        Action.RESEND_MAIL,
        Action.BE_TOLD,
        Action.READ_PEOPLE,
        Action.CREATE_RELEASE,
        Action.PAUSE,
        Action.PROMOTE,
        Action.MANAGE_FREEZES,
        Action.MANAGE_PLATFORM,
        Action.MANAGE_PEOPLE,
        Action.MANAGE_TOKENS,
        Action.OWN_TOKENS,
        Action.NAME_DEPUTY,
        Action.WITHDRAW_POLICY,
        Action.STOP,
        Action.FOLLOW_REVIEW,
        Action.LIFT_STOP,
        Action.RECORD_LATE,
        Action.MANAGE_HOLDS,
    }
)
"""Actions that are not about one release's state: read, made before it, or a run's own."""


def page_of_states() -> dict[Verb, tuple[Action, frozenset[ReleaseState]]]:
    """The second table of the page: what a release takes in which state."""
    table = PAGE.read_text().partition("## In which states")[2]
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if "|" in line
    ]
    states = [ReleaseState(name) for name in lines[0][2:]]
    rows = {}
    for cells in lines[2:]:
        yes = frozenset(s for s, cell in zip(states, cells[2:], strict=True) if cell == "yes")
        rows[Verb(cells[0])] = (Action(cells[1]), yes)
    return rows


STATES_ROWS = page_of_states()


def _rejected() -> Release:
    release = world.in_review()
    world.sign(release, "sasha", answer="no_go", remark="An open port.")
    return release


def _cancelled() -> Release:
    return cancel.cancel(world.draft().version, actor=actor("rita"), reason="Not needed.")


def _superseded() -> Release:
    release = world.monitoring()
    release.supersede()
    release.save()
    return release


def _staging() -> Release:
    release = world.draft()
    stage.stage(release.version, actor=actor("dana"))
    return release


def _validating() -> Release:
    release = world.staged()
    world.record_all(release)
    return release


def _approved() -> Release:
    release = world.approved()
    world.brief(release)
    return release


MAKERS: dict[ReleaseState, Callable[[], Release]] = {
    ReleaseState.DRAFT: world.draft,
    ReleaseState.STAGING: _staging,
    ReleaseState.VALIDATING: _validating,
    ReleaseState.REVIEW: world.in_review,
    ReleaseState.APPROVED: _approved,
    ReleaseState.DEPLOYING: world.deploying,
    ReleaseState.MONITORING: world.monitoring,
    ReleaseState.COMPLETED: world.completed,
    ReleaseState.REJECTED: _rejected,
    ReleaseState.ROLLED_BACK: world.rolled_back,
    ReleaseState.SUPERSEDED: _superseded,
    ReleaseState.CANCELLED: _cancelled,
}


def _change(**changes: Any) -> Act:
    return lambda r, who: edit.patch(r.version, actor=who, changes=changes)


def _sign(release: Release, who: Actor) -> None:
    role = next(iter(who.roles), Role.QA_LEAD)
    signing.sign(release.version, actor=who, role=role, answer="go", seal=release.seal)


def _withdraw(release: Release, who: Actor) -> None:
    if release.status == ReleaseState.REVIEW and who.label in world.ROLES:
        world.sign(release, who.label)
    own = release.gate.signoffs.filter(person=who.user).first() if release.gate and who.user else None
    signing.withdraw(release.version, own.pk if own else 0, actor=who, reason="I saw a fault.")


def _decide(release: Release, who: Actor) -> None:
    deciding.decide(release.version, actor=who, answer="no_go", reason="Not now.", seal=release.seal)


def _postpone(release: Release, who: Actor) -> None:
    deciding.decide(release.version, actor=who, answer="postpone", reason="Storm.", seal=release.seal)


def _window(release: Release, who: Actor) -> None:
    start = clock.now() + timedelta(days=1)
    window.set_window(release.version, actor=who, start=start, end=start + timedelta(hours=1))


def _ask_again(release: Release, who: Actor) -> None:
    if release.gate_id is not None:
        gates.void(release.gate_id, reason="Nobody answered in time.", actor=actor("rita"))
    ask_again.ask_again(release.version, actor=who)


def _override(release: Release, who: Actor) -> None:
    now = clock.now()
    end = now + timedelta(hours=3)
    found = freezes.add(actor=actor("rita"), name="Now", reason="Audit", starts_at=now, ends_at=end)
    wished = None if release.window_start else {"start": now, "end": now + timedelta(hours=1)}
    overriding.override(
        release.version, actor=who, freezes=[found.pk], reason="Now", seal=release.seal, window=wished
    )


def _record(kind: str, name: str) -> Act:
    return lambda r, who: items.record_result(r.version, kind, name, actor=who, result="pass")


TWO_AUTHORS = [*world.DANA, {"host": "github.com", "login": "otto-gh", "name": "Otto"}]
ACTS: dict[Verb, Act] = {
    Verb.EDIT_CONTENT: lambda r, who: edit.put_component(
        r.version, "web", actor=who, entry={"artifact": world.digest("d")}
    ),
    Verb.SET_KIND: _change(kind="bugfix"),
    Verb.ANNOTATE: _change(title="Safer sessions"),
    Verb.SET_AUTHORS: _change(
        authors=[*world.DANA, {"host": "github.com", "login": "otto-gh", "name": "Otto"}]
    ),
    Verb.PLAN_FORWARD_FIX: _change(forward_fix_plan="Restore the column from the copy."),
    Verb.RECORD_CHECKLIST: _record("checklist", "security_scan"),
    Verb.RECORD_VALIDATION: _record("validation", "smoke"),
    Verb.RECORD_FACT: lambda r, who: facts.record_fact(r.version, "backup_age", actor=who, value="clear"),
    Verb.DEPLOY_DEVELOPMENT: lambda r, who: stage.deploy_development(r.version, actor=who),
    Verb.STAGE: lambda r, who: stage.stage(r.version, actor=who),
    Verb.SUBMIT: lambda r, who: submit.submit(r.version, actor=who),
    Verb.SET_WINDOW: _window,
    Verb.REPLAN: lambda r, who: replan.replan(r.version, actor=who),
    Verb.REBASE: lambda r, who: rebase.rebase(r.version, actor=who),
    Verb.CANCEL: lambda r, who: cancel.cancel(r.version, actor=who, reason="Not needed."),
    Verb.REOPEN: lambda r, who: reopen.reopen(r.version, actor=who),
    Verb.FOLLOW_UP: lambda r, who: follow_up.follow_up(r.version, actor=who, new_version="2026.12.0"),
    Verb.SIGN: _sign,
    Verb.WITHDRAW: _withdraw,
    Verb.DECIDE: _decide,
    Verb.POSTPONE: _postpone,
    Verb.ASK_AGAIN: _ask_again,
    Verb.BREAK_GLASS: lambda r, who: emergency.break_glass(
        r.version, actor=who, reason="Nobody can log in.", seal=r.seal
    ),
    Verb.OVERRIDE_FREEZE: _override,
    Verb.WATCH: lambda r, who: starting.watching(r.version, actor=who),
    Verb.DEPLOY: lambda r, who: starting.deploy(r.version, actor=who, seal=r.seal),
    Verb.ROLL_BACK: lambda r, who: rollback.rollback(r.version, actor=who, reason="Errors."),
    Verb.RECORD_LESSONS: lambda r, who: lessons.record(
        r.version, actor=who, cause="A missing index.", lessons="Test with real sizes."
    ),
}


def outcome(act: Act, release: Release, who: Actor) -> str:
    """What became of one try: "not allowed", "wrong state", or "allowed" (whatever else was missing)."""
    with transaction.atomic():
        try:
            act(release, who)
            found = "allowed"
        except MayNotSign as refusal:  # the table lets them; this gate asks others
            found = f"allowed, but {refusal.detail}"
        except NotAllowed:
            found = "not allowed"
        except WrongReleaseState:
            found = "wrong state"
        except PortalError as refusal:
            found = f"allowed, but {refusal.detail}"
        transaction.set_rollback(True)
    return found


def expected(verb: Verb, state: ReleaseState, *, allowed: bool) -> str:
    if not allowed:
        return "not allowed"
    return "allowed" if state in STATES_ROWS[verb][1] else "wrong state"


def everybody() -> dict[str, tuple[Actor, Callable[[Action], bool]]]:
    """Everybody who tries, and what the page says of them: sessions, tokens, a service."""
    people: dict[str, tuple[Actor, Callable[[Action], bool]]] = {}
    for name, role in ROLE_OF.items():
        people[name] = (actor(name), lambda action, role=role: role in PAGE_ROWS[action].roles)
    for name in ("rita", "devon"):  # the scope counts before any state: two suffice here
        reader, _ = token_of(name, Scope.READ)
        people[f"{name}, token that reads"] = (from_token(reader), lambda action: False)
    service, _ = token_of(None, *SERVICE_SCOPES)
    people["service"] = (from_token(service), lambda action: PAGE_ROWS[action].services)
    return people


@cache
def tries(state: ReleaseState) -> dict[tuple[str, Verb], tuple[bool, str]]:
    """What became of everybody's tries of everything in this state, beside whether the page lets them."""
    with transaction.atomic():
        release = world.again(MAKERS[state]())
        assert release.status == state
        found = {
            (name, verb): (may(STATES_ROWS[verb][0]), outcome(act, release, who))
            for name, (who, may) in everybody().items()
            for verb, act in ACTS.items()
        }
        transaction.set_rollback(True)
    return found


def test_every_verb_state_and_action_is_on_the_page_and_tried() -> None:
    assert set(STATES_ROWS) == set(ACTS) == set(Verb)
    assert set(MAKERS) == set(ReleaseState)
    assert {action for action, _ in STATES_ROWS.values()} == set(Action) - OTHERS


@pytest.mark.usefixtures("platform")
@pytest.mark.parametrize("state", ReleaseState)
def test_everybody_tries_everything(state: ReleaseState) -> None:
    wrong = []
    for (name, verb), (may, got) in tries(state).items():
        want = expected(verb, state, allowed=may)
        if got != want and not (want == "allowed" and got.startswith("allowed, but")):
            wrong.append(f"{name} {verb.name}: {want}, was {got}")
    assert wrong == []


@pytest.mark.usefixtures("platform")
@pytest.mark.parametrize("verb", Verb)
def test_every_verb_leads_on_from_some_state(verb: Verb) -> None:
    """So that "allowed" above is not hollow: with the right person and state it is done."""
    action, states = STATES_ROWS[verb]
    doer = next(name for name, role in ROLE_OF.items() if role in PAGE_ROWS[action].roles)
    got = {state: tries(state)[doer, verb][1] for state in states}
    assert "allowed" in got.values(), got
