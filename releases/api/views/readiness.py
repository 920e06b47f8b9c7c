"""`…/readiness/`: may it go on? The same answer that pages show and services act on."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from approvals.policy import Action
from releases import queries
from releases.api import examples, gives, kept, takes
from releases.models import Release
from releases.queries.fact import Fact
from releases.queries.moments import Readiness
from rest import entity_tags
from rest.schema import IF_NONE_MATCH, VERSION, operation
from rest.strict import query_of
from rest.views import Endpoint

AGES = frozenset({"age_seconds"})
ASK_AGAIN_SECONDS = "15"
"""People sign and windows open in minutes; a pipeline that asks four times a minute misses nothing."""


class ReadinessOfRelease(Endpoint):
    """`…/readiness/?environment=production&moment=start`."""

    policy_actions: ClassVar = {"GET": Action.READ_RELEASES}

    @operation(
        "Releases",
        "Ask for readiness",
        description=(
            "`go`: nothing blocks. `wait`: somebody or time can clear it; ask again after Retry-After. "
            "`no_go`: something said no. The ETag changes with the facts, not with their ages."
        ),
        gives=gives.ReadinessGiven,
        answer=examples.READINESS,
        parameters=[VERSION, takes.ReadinessQuery, IF_NONE_MATCH],
        refuses=(404,),
        name="releases_readiness",
    )
    def get(self, request: Request, version: str) -> Response:
        """Answer, facts and blockers."""
        asked = query_of(request, takes.ReadinessQuery)
        moment, environment = asked.get("moment", "start"), asked.get("environment")

        def work_out() -> tuple[dict[str, Any], str, datetime | None]:
            release = queries.get_to_show(version)
            found = queries.readiness(release, moment, environment)
            body = written(release, found)
            return body, entity_tags.tag_of(body, without=AGES), found.until

        found, now = kept.answer((version, moment, environment or ""), work_out)
        headers = {"Retry-After": ASK_AGAIN_SECONDS} if found.body["answer"] == "wait" else {}
        return entity_tags.answer(request, aged(found.body, now), found.tag, headers=headers)


def written(release: Release, found: Readiness) -> dict[str, Any]:
    """Readiness as JSON."""
    return {
        "version": release.version,
        "environment": found.environment,
        "moment": found.moment,
        "seal": release.seal or None,
        "answer": found.answer,
        "facts": [_fact(fact) for fact in found.facts],
        "blockers": [{"code": b.code, "sentence": b.sentence, "who": b.who} for b in found.blockers],
    }


def aged(body: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The same answer with the ages of this moment."""
    facts = [
        fact
        if fact["age_seconds"] is None
        else fact | {"age_seconds": max(0, int((now - fact["at"]).total_seconds()))}
        for fact in body["facts"]
    ]
    return body | {"facts": facts}


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "name": fact.name,
        "label": fact.label,
        "verdict": str(fact.verdict),
        "value": fact.value,
        "sentence": fact.sentence,
        "source": fact.source,
        "at": fact.at,
        "age_seconds": fact.age_seconds,
        "who": fact.who,
        "link": fact.link,
    }
