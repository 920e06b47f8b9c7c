"""What the endpoints of releases take. Shapes judge JSON types and names; services judge the meaning."""

from __future__ import annotations

from rest_framework import serializers

from releases.content import DIGEST
from releases.states import MOMENTS, Kind, MigrationClass, Outcome, ReleaseState, Verdict
from rest.pagination import PageQuery
from rest.strict import Flag, Strict, Text, TextMap

MOMENT_WORDS = "ISO 8601 with Z or an offset: 2026-11-24T21:00:00Z."
LONG = 120_000
"""More characters than any text that services keep: they name the limit, this only bounds the work."""


def _one_of(values: list[str], *, required: bool = True, help_text: str = "") -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=values, required=required, help_text=help_text)


def _words(help_text: str = "") -> Text:
    """Several lines that may be left out; services know which of them must be there, and how long."""
    return Text(lines=True, required=False, allow_blank=True, max_length=LONG, help_text=help_text)


class MigrationShape(Strict):
    """What the artefact's migration does to the way back, and which one it is."""

    vars()["class"] = _one_of(MigrationClass.values, help_text="irreversible disarms the automatic return.")
    hash = Text(required=False, allow_blank=True, max_length=100, help_text="Names the migration's content.")


class ComponentShape(Strict):
    """What a pipeline built for one component."""

    artifact = Text(help_text=f"The digest of the artefact: {DIGEST.pattern}.")
    version = Text(required=False, allow_blank=True, max_length=100, help_text="The component's own version.")
    configuration = TextMap(required=False, help_text="Goes into the environment of its processes.")
    migration = MigrationShape(required=False, help_text="Left out: the artefact brings none.")
    secrets = TextMap(required=False, help_text="Names of secrets to their versions, never values.")


class AuthorShape(Strict):
    """Somebody who wrote commits of the release."""

    host = Text(required=False, max_length=200, help_text="Source host; github.com where it is left out.")
    login = Text(max_length=200, help_text="The author's login there; ties them to a person of the portal.")
    name = Text(required=False, allow_blank=True, max_length=200)


class WindowShape(Strict):
    """When production may move."""

    start = Text(max_length=40, help_text="ISO 8601; without an offset it is local in `zone`.")
    end = Text(max_length=40, help_text="ISO 8601; without an offset it is local in `zone`.")
    zone = Text(required=False, max_length=60, help_text="IANA zone that people think in; UTC by default.")


class CreateShape(Strict):
    """A new release. Components that are not named are copied from what production runs."""

    version = Text(max_length=100, help_text="SemVer or CalVer, unique.")
    kind = _one_of(Kind.values)
    commit = Text(max_length=200, help_text="What the artefacts were built from.")
    components = serializers.DictField(
        child=ComponentShape(), required=False, help_text="Component name to what was built for it."
    )
    authors = AuthorShape(many=True, help_text="Who wrote the commits; they cannot sign. At least one.")
    title = Text(required=False, allow_blank=True, max_length=400)
    notes = _words()
    window = WindowShape(required=False)


class PatchShape(Strict):
    """Changes; a name that is left out stays as it is."""

    title = Text(required=False, allow_blank=True, max_length=400)
    notes = _words()
    forward_fix_plan = Text(
        lines=True,
        required=False,
        allow_blank=True,
        max_length=LONG,
        help_text="How it is mended forward; needed before signing where a migration is irreversible.",
    )
    kind = _one_of(Kind.values, required=False)
    commit = Text(required=False, max_length=200)
    authors = AuthorShape(many=True, required=False)
    window = WindowShape(required=False, allow_null=True, help_text="null takes the window away.")


class ResultShape(Strict):
    """What somebody found for one item."""

    result = _one_of(Outcome.values)
    remark = Text(
        lines=True, required=False, allow_blank=True, max_length=LONG, help_text="Needed unless pass."
    )
    link = Text(required=False, allow_blank=True, max_length=1000, help_text="Where the evidence is.")
    content_hash = Text(
        required=False, max_length=64, help_text="Refused where the release holds other content by now."
    )


class FactShape(Strict):
    """A fact by hand."""

    value = _one_of(Verdict.values)
    remark = Text(
        lines=True, required=False, allow_blank=True, max_length=LONG, help_text="Needed unless clear."
    )
    link = Text(required=False, allow_blank=True, max_length=1000)
    at = Text(required=False, max_length=40, help_text=f"When it was true; now by default. {MOMENT_WORDS}")


class StageShape(Strict):
    """Where to deploy to before production."""

    environment = Text(required=False, max_length=60, help_text="staging by default.")


class SignShape(Strict):
    """One person's answer in one role about one seal."""

    role = Text(max_length=40, help_text="release_manager, qa_lead or security_officer.")
    answer = _one_of(["go", "no_go"])
    seal = Text(max_length=64, help_text="The seal that the signer read.")
    remark = Text(
        lines=True, required=False, allow_blank=True, max_length=LONG, help_text="Needed for no_go."
    )


class DecideShape(Strict):
    """The Release Manager's decision about one seal."""

    answer = _one_of(["go", "no_go", "postpone"])
    seal = Text(max_length=64, help_text="The seal that is decided about.")
    reason = _words()
    window = WindowShape(required=False, help_text="Of the go, or the new one of a postponement.")


class DeployShape(Strict):
    """The start of production."""

    seal = Text(max_length=64, help_text="The seal that was approved.")
    emergency = Flag(required=False, help_text="Only a security release may pass another one.")
    reason = Text(
        lines=True, required=False, allow_blank=True, max_length=LONG, help_text="Needed for an emergency."
    )


class ReasonShape(Strict):
    """Why, for the record."""

    reason = Text(lines=True, max_length=LONG)


class MayReasonShape(Strict):
    """Why, where somebody wants to say it."""

    reason = _words()


class LessonsShape(Strict):
    """What a rollback taught; recording it lifts the environment's lock."""

    cause = Text(lines=True, max_length=LONG)
    lessons = Text(lines=True, max_length=LONG)
    actions = serializers.ListField(
        child=Text(max_length=1000), required=False, help_text="Become checklist items of the follow-up."
    )


class FollowUpShape(Strict):
    """A new draft that carries the lessons."""

    new_version = Text(max_length=100, help_text="The version of the new release.")


class ListQuery(PageQuery):
    """Filters of the list of releases."""

    state = _one_of(ReleaseState.values, required=False)
    kind = _one_of(Kind.values, required=False)
    component = Text(required=False, max_length=60, help_text="A component that the release brings.")
    person = Text(required=False, max_length=60, help_text="The login of an author or signer.")
    text = Text(required=False, max_length=100, help_text="In version, title or commit.")


class ReadinessQuery(Strict):
    """For which environment and moment readiness is asked."""

    environment = Text(required=False, max_length=60, help_text="production by default.")
    moment = _one_of(list(MOMENTS), required=False, help_text="start by default.")


class WeeklyShape(Strict):
    """A span that comes back every week, in local time."""

    vars()["from"] = Text(max_length=20, help_text="A day and a time: fri 16:00.")
    to = Text(max_length=20, help_text="A day and a time: mon 06:00.")


class FreezeShape(Strict):
    """A time in which production must not move."""

    name = Text(max_length=200)
    reason = Text(lines=True, max_length=LONG)
    starts_at = Text(required=False, max_length=40)
    ends_at = Text(required=False, max_length=40)
    weekly = WeeklyShape(required=False)
    zone = Text(required=False, max_length=60)
    environments = serializers.ListField(
        child=Text(max_length=60), required=False, help_text="production by default."
    )
    passes = serializers.ListField(
        child=Text(max_length=20), required=False, help_text="Kinds that may start."
    )
