"""Whoever wrote what a release carries from another one signs nothing on it either."""

from __future__ import annotations

import pytest

from approvals.errors import MayNotSign
from releases.services.advance import advance
from tests.cast import actor, user
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]
QUINN = [{"host": "github.com", "login": "quinn-gh", "name": "Quinn"}]


def test_author_of_a_carried_artefact_may_not_sign() -> None:
    world.draft("2026.10.9", authors=QUINN)
    release = world.in_review()  # by dana, with the same digests
    with pytest.raises(MayNotSign, match=r"quinn is an author of what 2026\.11\.0 carries from 2026\.10\.9"):
        world.sign(release, "quinn")
    assert release.gate.signoffs.count() == 0


def test_signature_ends_when_its_artefact_turns_out_to_be_carried() -> None:
    release = world.in_review()
    world.sign(release, "quinn")
    world.draft("2026.11.1", authors=QUINN)
    advance(release.pk)
    given = release.gate.signoffs.get()
    assert "carries from 2026.11.1" in given.invalid_reason


def test_author_of_another_artefact_signs() -> None:
    world.draft("2026.10.9", components=world.whole("b"), authors=QUINN)
    release = world.in_review()
    assert user("quinn").actor_id not in release.gate.barred
    world.sign(release, "quinn")
    assert actor("quinn").id == release.gate.signoffs.get().person.actor_id
