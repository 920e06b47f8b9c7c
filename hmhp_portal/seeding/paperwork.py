"""What people and CI do for a release before its window, for the past and for the waiting release.

Every line goes through the services that the pages and the API call.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.actors import Actor
from approvals.queries.owed import owed_reviews
from approvals.services import signing as gates
from events import clock
from hmhp_portal.seeding.cast import Cast
from releases import queries
from releases.services import deciding, facts, items, signing, submit
from releases.services.window import set_window
from releases.states import ItemList

CHECKLIST = {
    "security_scan": ("ci", "0 critical, 0 high, 4 low accepted"),
    "code_quality": ("ci", "Coverage 87.4 %, floor 80 %"),
    "documentation": ("developer", "Runbook updated"),
    "release_notes": ("manager", "For support, clinics and patients"),
    "migrations_tested": ("ci", "On a copy of 41 million rows, 1.2 s"),
    "rollback_documented": ("devops", "Traffic back to blue; expand migrations stay"),
}
VALIDATIONS = {
    "smoke": ("ci", "All services answered"),
    "manual": ("qa", "Book, move, cancel, crisis button"),
    "security_configuration": ("security", "TLS 1.3, headers, secrets from the vault"),
    "load": ("ci", "1,800 sessions, p95 291 ms, limit 400 ms"),
    "monitoring_logging": ("devops", "18 of 18 signals seen"),
    "user_acceptance": ("qa", "Two clinics, eleven cases"),
}
FACTS = {
    "backup_age": ("devops", "Newest restorable point 2 min 10 s old"),
    "support_briefed": ("support", "Six people on shift, script read"),
    "on_call_present": ("devops", "Primary and secondary answered the page"),
    "stakeholders_told": ("manager", "By e-mail, a week before"),
}


def check(version: str, cast: Cast) -> None:
    """Pass every item of the checklist, lessons of an earlier rollback included."""
    for item in queries.get(version).items.filter(list=ItemList.CHECKLIST):
        who, remark = CHECKLIST.get(item.name, ("qa", "Done, see the ticket"))
        items.record_result(
            version, ItemList.CHECKLIST, item.name, actor=_actor(cast, who), result="pass", remark=remark
        )
        clock.advance(timedelta(minutes=11))


def validate(version: str, cast: Cast, pace: timedelta = timedelta(minutes=9)) -> None:
    """Pass every staging validation, one each `pace`."""
    for item in queries.get(version).items.filter(list=ItemList.VALIDATION):
        who, remark = VALIDATIONS.get(item.name, ("qa", "Seen on staging"))
        items.record_result(
            version, ItemList.VALIDATION, item.name, actor=_actor(cast, who), result="pass", remark=remark
        )
        clock.advance(pace)


def state_facts(version: str, cast: Cast) -> None:
    """Say by hand what nobody measures yet."""
    for name, (who, remark) in FACTS.items():
        facts.record_fact(version, name, actor=_actor(cast, who), value="clear", remark=remark)


def ask(version: str, cast: Cast, opens: datetime, closes: datetime) -> None:
    """Set the window and submit for sign-off."""
    set_window(version, actor=cast.manager, start=opens, end=closes, zone="Etc/UTC")
    submit.submit(version, actor=cast.manager)


def sign(version: str, cast: Cast) -> None:
    """Every role that the gate asks signs, and the Release Manager says go."""
    release = queries.get(version)
    seal = release.seal
    assert release.gate is not None
    asked = set(release.gate.requirements.values_list("role", flat=True))
    for actor, remark in (
        (cast.security, "No new permissions, dependencies clean."),
        (cast.qa, "Critical paths hold on staging."),
        (cast.devops, "Rollback rehearsed, capacity is there."),
        (cast.manager, "Support has the script."),
    ):
        assert actor.user is not None
        role = next(iter(actor.roles))
        if role not in asked:
            continue
        signing.sign(version, actor=actor, role=role, answer="go", remark=remark, seal=seal)
        clock.advance(timedelta(minutes=14))
    deciding.decide(version, actor=cast.manager, answer="go", reason="All facts clear.", seal=seal)


def review(cast: Cast) -> None:
    """Whoever owes a review (of an expedited release) gives it."""
    people = (cast.security, cast.qa, cast.devops, cast.manager)
    for owed in owed_reviews():
        for asked in owed.gate.requirements.values_list("role", flat=True):
            actor = next(person for person in people if asked in person.roles)
            gates.sign(
                owed.gate_id,
                actor=actor,
                role=asked,
                answer="go",
                remark="Seen the day after: the patch does what it says.",
                seal=owed.gate.seal,
            )


def _actor(cast: Cast, name: str) -> Actor:
    actor: Actor = getattr(cast, name)
    return actor
