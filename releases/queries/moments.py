"""Readiness: the one function that pages, API and services ask whether a release may go on.

Facts are made from one dossier; which of them a moment asks stands in the table below.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError

from deployments import queries as deployments
from deployments.states import ACTIVE
from events import clock
from events.errors import Blocker, Invalid
from releases.models import Release
from releases.queries import facts_content as content
from releases.queries import facts_people as people
from releases.queries import facts_place as place
from releases.queries.dossier import Dossier, definitions_now, gather, production_now
from releases.queries.fact import Fact, Maker, blocks, clear
from releases.states import MOMENTS, Answer, Moment, ReleaseState

log = logging.getLogger(__name__)

ASKED: dict[Moment, tuple[Maker, ...]] = {
    "sign": (
        place.state,
        content.content,
        content.definitions,
        content.authors,
        content.twin,
        content.checklist,
        content.staging,
        content.validations,
        content.forward_fix,
        content.plan,
        content.base,
    ),
    "go": (
        place.state,
        content.content,
        content.authors,
        content.checklist,
        content.staging,
        content.validations,
        content.plan,
        content.base,
        people.signatures,
        people.policy,
        place.window,
        place.freeze,
        place.stop,
        place.lock,
        people.reviews,
    ),
    "start": (
        place.state,
        content.content,
        content.authors,
        content.checklist,
        content.staging,
        content.validations,
        content.plan,
        content.base,
        people.signatures,
        people.policy,
        people.decision,
        place.window,
        place.freeze,
        place.stop,
        place.lock,
        people.reviews,
        place.runs,
        place.targets,
        place.drift,
        people.watching,
    ),
    "carry_on": (place.state, place.window, place.freeze, place.stop),
}


@dataclass(frozen=True, slots=True)
class Readiness:
    """`go`: nothing blocks. `wait`: somebody or time can clear it. `no_go`: something said no."""

    answer: Answer
    facts: tuple[Fact, ...]
    blockers: tuple[Blocker, ...]
    moment: Moment
    environment: str
    at: datetime
    until: datetime | None = None
    """When time alone may change it, in the nearest minutes; None where only somebody's act can."""

    def fact(self, name: str) -> Fact | None:
        """One fact by its name."""
        return next((fact for fact in self.facts if fact.name == name), None)


def readiness(release: Release, moment: Moment = "start", environment: str | None = None) -> Readiness:
    """May this release be signed, be given its go, start, or carry on in `environment` (production)?

    Raises EnvironmentNotFound for an unknown environment, Invalid for an unknown moment.
    """
    if moment not in MOMENTS:
        known = ", ".join(MOMENTS)
        raise Invalid(f"The moment is one of {known}.", fields={"moment": [f"One of {known}."]})
    production = production_now()
    if environment is not None and environment != production.name:
        return _judge(tuple(_before_production(release, environment)), moment, environment)
    dossier = gather(release, moment, production)
    facts = tuple(_facts(dossier))
    return _judge(facts, moment, dossier.production.name, dossier)


def _facts(dossier: Dossier) -> Iterator[Fact]:
    for make in ASKED[dossier.moment]:
        fact = _judged(make, dossier)
        if fact is not None:
            yield fact
    if dossier.moment in ("go", "start"):
        try:
            yield from list(people.given_by_hand(dossier))
        except DatabaseError:
            raise
        except Exception as error:
            yield _unjudged("facts_by_hand", error, dossier)


def _judged(make: Maker, dossier: Dossier) -> Fact | None:
    """The fact, or that it cannot be judged: what is missing or of a wrong type closes, it never opens."""
    try:
        return make(dossier)
    except DatabaseError:  # the transaction is broken with it: nothing more can be asked
        raise
    except Exception as error:
        return _unjudged(make.__name__, error, dossier)


def _unjudged(name: str, error: Exception, dossier: Dossier) -> Fact:
    log.error("fact %s of %s cannot be judged", name, dossier.release.version, exc_info=error)
    words = name.replace("_", " ").capitalize()
    text = f"“{words}” cannot be judged ({type(error).__name__}): what it rests on is not as it must be."
    who = "an Administrator, who can read the log"
    return blocks(name, words, "cannot be judged", text, who=who)


def _before_production(release: Release, name: str) -> Iterator[Fact]:
    """What a run before production needs: a draft with every digest, and its turn."""
    environment = deployments.environment(name)
    if release.status == ReleaseState.DRAFT:
        yield clear("state", "State", "Draft", f"{release.version} is a draft.")
    else:
        text = f"{release.version} is {release.status.label.lower()}; runs in {name} start from draft."
        yield blocks("state", "State", release.status.label, text, who="")
    dossier = Dossier(release, "start", clock.now(), environment, None, definitions_now())
    dossier.runs = list(environment.runs.filter(state__in=ACTIVE))
    yield from filter(None, (make(dossier) for make in (content.content, content.definitions, place.runs)))


def _judge(
    facts: tuple[Fact, ...], moment: Moment, environment: str, dossier: Dossier | None = None
) -> Readiness:
    stopping = [fact for fact in facts if fact.blocks]
    answer: Answer = "go"
    if stopping:
        answer = "no_go" if any(fact.final for fact in stopping) else "wait"
    found = tuple(Blocker(fact.name, fact.sentence, fact.who) for fact in stopping)
    at = dossier.now if dossier else clock.now()
    until = min(dossier.turns, default=None) if dossier else None
    return Readiness(answer, facts, found, moment, environment, at, until)
