"""Calls in the same instant, with real threads on real PostgreSQL."""

from __future__ import annotations

import pytest

from approvals.models import Decision, SignOff
from events.errors import PortalError
from releases.services import create, deciding
from releases.services.edit import put_component
from tests.approvals.gates import at_once
from tests.cast import actor
from tests.releases import world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _build(transactional_db: None) -> None:
    world.build()


def test_two_calls_in_the_same_instant_make_one() -> None:
    def call() -> bool:
        _, made = create.create(
            actor=actor("rita"),
            version="2026.11.0",
            kind="feature",
            commit="0c0ffee",
            components=world.whole(),
            authors=world.DANA,
        )
        return made

    assert sorted(at_once(call, call, call, call)) == [False, False, False, True]


def test_two_goes_in_the_same_instant_are_one() -> None:
    release = world.in_review()
    world.sign(release)
    world.open_window(release)
    seal = world.again(release).seal

    def go() -> Decision:
        return deciding.decide(release.version, actor=actor("rita"), answer="go", seal=seal)

    assert sorted(isinstance(answer, PortalError) for answer in at_once(go, go)) == [False, True]
    assert Decision.objects.filter(answer="go").count() == 1


def test_pipelines_in_the_same_instant_lose_no_digest() -> None:
    release = world.draft(components={})

    def put(name: str) -> None:
        put_component(release.version, name, actor=actor("devon"), entry={"artifact": world.digest("f")})

    assert at_once(*(lambda name=name: put(name) for name in world.COMPONENTS)) == [None] * 3
    assert set(world.again(release).content["components"]) == set(world.COMPONENTS)


def test_last_signatures_in_the_same_instant_are_all_stored() -> None:
    release = world.in_review()
    assert at_once(*(lambda name=name: world.sign(release, name) for name in world.ROLES)) == [None] * 3
    assert SignOff.objects.filter(gate=release.gate).count() == 3
    assert world.again(release).gate.state == "satisfied"
