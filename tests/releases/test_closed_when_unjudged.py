"""What cannot be judged (a missing field, a wrong type, a source that is away) closes and says so."""

from __future__ import annotations

import pytest

from deployments.models import Target
from releases import queries
from releases.errors import NotReady
from releases.services import starting
from tests.cast import actor
from tests.events.tampering import as_superuser
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]

BROKEN = (
    ("UPDATE releases_release SET content = '{}'", "base"),
    ("UPDATE releases_release SET content = '[]'", "content"),
)


@pytest.mark.parametrize(("statement", "name"), BROKEN)
def test_fact_that_cannot_be_judged_blocks_with_the_reason(statement: str, name: str) -> None:
    release = world.approved()
    world.brief(release)
    assert world.blockers(release, "start") == set()
    as_superuser(statement)
    broken = world.again(release)
    found = queries.readiness(broken, "start").fact(name)
    assert found is not None
    assert found.blocks, found
    assert found.sentence
    assert found.who
    with pytest.raises((NotReady, AttributeError, TypeError, KeyError)):
        starting.deploy(release.version, actor=actor("devon"), seal=release.seal)
    assert world.again(release).production_run_id is None


@pytest.mark.parametrize("moment", ["sign", "go", "start", "carry_on"])
def test_maker_that_breaks_blocks_its_moment_and_the_others_are_judged(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = world.in_review()
    sound = {fact.name for fact in queries.readiness(release, moment).facts}  # type: ignore[arg-type]

    def state(dossier: object) -> None:
        raise KeyError("missing")

    from releases.queries import moments

    makers = (state, *moments.ASKED[moment][1:])  # type: ignore[index]
    monkeypatch.setitem(moments.ASKED, moment, makers)
    told = queries.readiness(release, moment)  # type: ignore[arg-type]
    fact = told.fact("state")
    assert fact is not None
    assert fact.blocks
    assert "cannot be judged (KeyError)" in fact.sentence
    assert {fact.name for fact in told.facts} == sound
    assert told.answer != "go"


def test_target_of_another_data_class_closes_the_start() -> None:
    release = world.approved()
    world.brief(release)
    Target.objects.filter(environment__name="production").update(data_class="synthetic")
    with pytest.raises(NotReady, match="does not hold production data"):
        starting.deploy(release.version, actor=actor("devon"), seal=release.seal)
