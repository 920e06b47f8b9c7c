"""What was signed can be read by everybody who reads releases, with its seal, its words and its key."""

from __future__ import annotations

import pytest
from django.db import connection

from approvals.models import SignedAct
from events import keys
from releases.models import Release
from tests.accounts.fixtures import Door
from tests.api.caller import Caller
from tests.releases import world


@pytest.fixture
def release(platform: None) -> Release:
    release = world.in_review()
    world.sign(release)
    return release


def test_page_shows_name_role_meaning_seal_and_what_it_covers(release: Release, logged_in: Door) -> None:
    page = logged_in("dana").get(f"/releases/{release.version}/signatures/").content.decode()
    for words in ("Quinn (@quinn)", "QA Lead", "accepted by quality assurance", "The signature holds"):
        assert words in page, words
    assert page.count('class="seal"') >= 3
    assert f"Version {release.version}" in page
    assert keys.public_keys()[-1].id in page


def test_page_shows_what_a_signer_said(platform: None, logged_in: Door) -> None:
    release = world.in_review()
    world.sign(release, "quinn", remark="Tried the reminders by hand.")
    page = logged_in("dana").get(f"/releases/{release.version}/signatures/").content.decode()
    assert "Tried the reminders by hand." in page


def test_tampered_text_is_shown_as_such(release: Release, logged_in: Door) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE approvals_signedact SET text = replace(text, 'quinn', 'sasha')")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    page = logged_in("dana").get(f"/releases/{release.version}/signatures/").content.decode()
    assert "The signature does not hold" in page
    assert SignedAct.objects.count() >= 3


def test_change_between_two_seals_is_told_field_by_field(release: Release, logged_in: Door) -> None:
    before = release.revisions.exclude(seal="").first()
    assert before is not None
    made = before.__class__.objects.create(
        release=release,
        number=9000,
        content=before.content | {"commit": "beefbeef"},
        content_hash=before.content_hash,
        plan=before.plan,
        seal="b" * 64,
        cause="content changed",
        by="person:x",
        at=before.at,
    )
    page = logged_in("dana").get(f"/releases/{release.version}/signatures/").content.decode()
    assert f'id="turn-{made.number}"' in page
    assert "content.commit" in page
    assert "beefbeef" in page


def test_public_keys_are_on_a_page_and_in_the_api(release: Release, logged_in: Door) -> None:
    assert keys.public_keys()[-1].id in logged_in("dana").get("/keys/").content.decode()
    assert Caller("dana").ok("get", "keys/") == keys.exported()
