"""Making a release: what is copied, what is refused, and repeats."""

from __future__ import annotations

import pytest

from events.errors import NotAllowed
from events.models import Event
from releases.errors import BadContent, VersionTaken
from releases.models import Release
from releases.services.create import create
from tests.cast import actor
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def make(**changes: object) -> tuple[Release, bool]:
    given = {
        "version": "2026.11.0",
        "kind": "feature",
        "commit": "0c0ffee",
        "components": {"web": {"artifact": world.digest("a")}},
        "authors": world.DANA,
        **changes,
    }
    return create(actor=actor("rita"), **given)  # type: ignore[arg-type]


def refused(**changes: object) -> dict[str, list[str]]:
    with pytest.raises(BadContent) as error:
        make(**changes)
    assert not Release.objects.exists()
    return error.value.fields


def test_repeat_of_the_same_content_answers_the_same_release() -> None:
    first, _ = make()
    second, made = make(notes="said since")
    assert (second.pk, made) == (first.pk, False)
    assert Event.objects.filter(stream=first.stream, kind="release.created").count() == 1


def test_repeat_holds_after_another_pipeline_added_its_digest() -> None:
    from releases.services.edit import put_component

    first, _ = make()
    put_component(first.version, "mailer", actor=actor("devon"), entry={"artifact": world.digest("c")})
    assert make() == (first, False)


def test_other_content_under_the_same_version_is_refused() -> None:
    make()
    with pytest.raises(VersionTaken):
        make(components={"web": {"artifact": world.digest("b")}})
    with pytest.raises(VersionTaken):
        make(kind="security")


@pytest.mark.parametrize(
    "version", ["1.2.3", "1.2.3-rc.1+b5", "2026.11.0", "26.04", "2026-11-23", "2026.4.1.dev2"]
)
def test_semver_and_calver_are_versions(version: str) -> None:
    assert make(version=version)[1]


@pytest.mark.parametrize(
    "version", ["", "1", "v1.2.3", "1.2", "../../x", "1.2.3\n", "1.02.3", "1.2.3-" + "a" * 80, "٢٠.١"]
)
def test_anything_else_is_no_version(version: str) -> None:
    assert "version" in refused(version=version)


def test_unknown_component_is_refused_with_the_known_ones() -> None:
    assert (
        "mailer, records, web"
        in refused(components={"wbe": {"artifact": world.digest("a")}})["components.wbe"][0]
    )


@pytest.mark.parametrize(
    "text", ["", "sha256:", "a" * 64, "sha256:" + "A" * 64, "sha256:" + "a" * 63, None, 7]
)
def test_malformed_digest_is_refused(text: object) -> None:
    assert "components.web.artifact" in refused(components={"web": {"artifact": text}})


def test_release_without_author_is_refused() -> None:
    assert "authors" in refused(authors=[])


def test_five_megabytes_of_notes_are_refused() -> None:
    assert "notes" in refused(notes="x" * 5_000_000)


@pytest.mark.parametrize("field", ["title", "notes", "commit"])
@pytest.mark.parametrize("text", ["a\x00b", "a\x1b[2Jb", "a\ud800b"])
def test_control_characters_are_refused(field: str, text: str) -> None:
    assert field in refused(**{field: text})


def test_right_to_left_and_line_ends_are_kept() -> None:
    release, _ = make(title="שחרור חדש", notes="one\r\ntwo\tthree")
    assert (release.title, release.notes) == ("שחרור חדש", "one\ntwo\tthree")


@pytest.mark.parametrize("components", [[], "web", {"web": "sha256"}, {"web": {"artefact": "x"}}, None])
def test_wrong_shape_is_refused(components: object) -> None:
    assert any(field.startswith("components") for field in refused(components=components))


def test_migration_class_and_hash_are_asked() -> None:
    wrong = {"web": {"artifact": world.digest("a"), "migration": {"class": "sideways", "hash": "1"}}}
    assert "components.web.migration.class" in refused(components=wrong)
    bare = {"web": {"artifact": world.digest("a"), "migration": {"class": "expand"}}}
    assert "components.web.migration.hash" in refused(components=bare)


def test_all_faults_are_told_at_once() -> None:
    assert set(refused(version="x", kind="y", authors=[])) == {"version", "kind", "authors"}


def test_person_without_a_role_makes_none() -> None:
    with pytest.raises(NotAllowed, match="Release Manager"):
        create(
            actor=actor("otto"),
            version="1.2.3",
            kind="feature",
            commit="0c0ffee",
            components={},
            authors=world.DANA,
        )


def test_authors_are_tied_to_people_by_source_login() -> None:
    release, _ = make(authors=[{"login": "DANA-gh"}, {"login": "stranger", "host": "git.example"}])
    assert [a.user.handle if a.user else None for a in release.authors.order_by("id")] == ["dana", None]
