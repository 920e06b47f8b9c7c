"""Changing a release: what it does to proofs, signatures and authors."""

from __future__ import annotations

import pytest

from accounts import actors
from events.errors import NotAllowed
from events.models import Event
from releases import queries
from releases.errors import BadContent, NotYourOwn, StaleRelease, WrongReleaseState
from releases.services.edit import patch, put_component
from releases.services.items import record_result
from releases.states import ReleaseState
from tests.cast import actor, token_of
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]

OTHER = {"artifact": world.digest("f")}


def test_pipelines_add_their_digests_one_by_one() -> None:
    release = world.draft(components={"web": {"artifact": world.digest("a")}})
    assert world.blockers(release, "sign") >= {"content"}
    put_component(release.version, "records", actor=actor("devon"), entry=OTHER)
    put_component(release.version, "mailer", actor=actor("devon"), entry=OTHER)
    assert "content" not in world.blockers(release, "sign")


@pytest.mark.parametrize("state", ["staged", "in_review", "approved"])
def test_changed_content_returns_to_draft_and_voids_everything(state: str) -> None:
    release = getattr(world, state)()
    gate = release.gate
    changed = put_component(release.version, "web", actor=actor("devon"), entry=OTHER)
    assert (changed.status, changed.seal, changed.plan, changed.gate) == (ReleaseState.DRAFT, "", None, None)
    assert {"staging", "validations"} <= world.blockers(changed, "sign")
    if gate is not None:
        assert type(gate).objects.get(pk=gate.pk).state == "void"


def test_results_about_artefacts_grow_stale_others_stay() -> None:
    release = world.staged()
    world.record_all(release)
    put_component(release.version, "web", actor=actor("devon"), entry=OTHER)
    states = {s.item.name: s.state for s in queries.item_standings(world.again(release))}
    assert states == {"security_scan": "stale", "release_notes": "pass", "smoke": "stale", "load": "stale"}


def test_same_digest_again_changes_nothing() -> None:
    release = world.in_review()
    same = put_component(release.version, "web", actor=actor("devon"), entry={"artifact": world.digest("a")})
    assert (same.status, same.revision) == (ReleaseState.REVIEW, release.revision)


def test_notes_void_nothing() -> None:
    release = world.approved()
    assert (
        patch(release.version, actor=actor("rita"), changes={"notes": "Better words."}).seal == release.seal
    )
    assert world.again(release).status == ReleaseState.APPROVED


def test_content_is_not_changed_while_staging_runs_or_after_the_start() -> None:
    from releases.services.stage import stage

    release = world.draft()
    stage(release.version, actor=actor("dana"))
    with pytest.raises(WrongReleaseState, match="on its way to staging"):
        put_component(release.version, "web", actor=actor("dana"), entry=OTHER)


def test_person_who_changes_content_becomes_an_author_a_service_does_not() -> None:
    release = world.draft()
    token, _ = token_of(None, "release")
    put_component(release.version, "web", actor=actors.from_token(token), entry=OTHER)
    assert release.authors.count() == 1
    put_component(release.version, "records", actor=actor("devon"), entry=OTHER)
    assert [a.user.handle for a in release.authors.order_by("id")] == ["dana", "devon"]


def test_stale_if_match_is_refused() -> None:
    release = world.draft()
    patch(release.version, actor=actor("rita"), changes={"title": "One"}, if_match=f'"{release.revision}"')
    with pytest.raises(StaleRelease):
        patch(
            release.version, actor=actor("rita"), changes={"title": "Two"}, if_match=f'"{release.revision}"'
        )


def test_patch_is_whole_or_not_at_all() -> None:
    release = world.draft()
    with pytest.raises(BadContent):
        patch(release.version, actor=actor("rita"), changes={"title": "New", "kind": "sideways"})
    assert world.again(release).title == ""


def test_unknown_field_is_named() -> None:
    release = world.draft()
    with pytest.raises(BadContent) as error:
        patch(release.version, actor=actor("rita"), changes={"titel": "x"})
    assert "titel" in error.value.fields


def test_author_cannot_take_themselves_off_the_list() -> None:
    release = world.draft(authors=[{"login": "quinn-gh"}])
    with pytest.raises(NotYourOwn):
        patch(release.version, actor=actor("quinn"), changes={"authors": world.DANA})
    patch(release.version, actor=actor("rita"), changes={"authors": world.DANA})
    assert [a.login for a in release.authors.all()] == ["dana-gh"]


def test_signer_who_turns_out_to_be_an_author_loses_the_signature() -> None:
    release = world.approved()
    both = [*world.DANA, {"login": "quinn-gh"}]
    patch(release.version, actor=actor("rita"), changes={"authors": both})
    assert world.again(release).status == ReleaseState.REVIEW
    assert Event.objects.filter(stream=release.stream, kind="signoff.invalid").exists()
    assert "signatures" in world.blockers(release, "go")


def test_commit_is_content_and_kind_only_changes_before_submit() -> None:
    release = world.in_review()
    with pytest.raises(WrongReleaseState):
        patch(release.version, actor=actor("rita"), changes={"kind": "security"})
    assert (
        patch(release.version, actor=actor("rita"), changes={"commit": "badcafe"}).status
        == ReleaseState.DRAFT
    )


def test_qa_lead_annotates_but_does_not_change_content() -> None:
    release = world.draft()
    patch(release.version, actor=actor("quinn"), changes={"notes": "ok"})
    with pytest.raises(NotAllowed):
        put_component(release.version, "web", actor=actor("quinn"), entry=OTHER)


def test_two_revisions_can_be_compared() -> None:
    release = world.draft()
    put_component(release.version, "web", actor=actor("devon"), entry=OTHER)
    old, new = release.revisions.order_by("number")
    paths = {d.path for d in queries.diff(old, new)}
    assert "content.components.web.artifact" in paths
    assert all(not path.startswith("content.components.records") for path in paths)


def test_secret_versions_and_configuration_are_part_of_the_content() -> None:
    release = world.draft()
    entry = {
        "artifact": world.digest("a"),
        "secrets": {"DATABASE_PASSWORD": "v7"},
        "configuration": {"MODE": "x"},
    }
    changed = put_component(release.version, "web", actor=actor("devon"), entry=entry)
    assert changed.content_hash != release.content_hash
    record_result(release.version, "checklist", "security_scan", actor=actor("dana"), result="pass")
    kept = put_component(release.version, "web", actor=actor("devon"), entry={"artifact": world.digest("a")})
    assert kept.content["components"]["web"]["secrets"] == {"DATABASE_PASSWORD": "v7"}


def test_copied_digest_that_is_named_belongs_to_the_release_from_then_on() -> None:
    world.completed()
    release = world.draft(components={"web": {"artifact": world.digest("b")}})
    put_component(release.version, "mailer", actor=actor("devon"), entry={"artifact": world.digest("a")})
    kept = world.again(release)
    assert (kept.brings, kept.content_hash) == (["mailer", "web"], release.content_hash)


def test_changed_platform_file_shows_on_drafts_until_the_digest_is_given_again() -> None:
    release = world.draft()
    components = world.document()["components"]
    components[0]["manifest"] = {"command": ["web", "--new"]}
    world.load(components=components)
    assert queries.readiness(release, "sign").fact("definitions").verdict == "watch"
    fresh = put_component(release.version, "web", actor=actor("dana"), entry={"artifact": world.digest("a")})
    assert fresh.content["components"]["web"]["manifest"] == {"command": ["web", "--new"]}
    assert queries.readiness(fresh, "sign").fact("definitions") is None
