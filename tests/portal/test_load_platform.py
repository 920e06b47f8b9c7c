"""The platform file as a whole: what it refuses, what loading it changes, and the example in docs/."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.actors import person, system
from accounts.models import User
from deployments.models import Environment
from events import names
from events.errors import Invalid, NotAllowed
from events.models import Event
from hmhp_portal import platform_file
from platforms.kubernetes.render.section import read_section
from tests import cast

pytestmark = pytest.mark.django_db
DOCS = Path(settings.BASE_DIR) / "docs" / "platform.yaml"
EXAMPLE = Path(settings.BASE_DIR) / "examples" / "platform.yaml"


def loaded(document: dict[str, Any]) -> list[str]:
    return platform_file.load(document, actor=system("test"))


@pytest.mark.parametrize("file", [DOCS, EXAMPLE], ids=["docs", "examples"])
def test_example_loads_and_loading_again_changes_nothing(file: Path) -> None:
    document = platform_file.read(file)
    assert loaded(document)
    assert loaded(document) == []
    assert [e.name for e in Environment.objects.all()] == ["development", "staging", "production"]


def test_documented_example_uses_every_section_of_the_schema() -> None:
    assert set(yaml.safe_load(DOCS.read_text())) == set(platform_file.schema()["properties"])


def test_folders_are_meant_from_where_the_file_lies(tmp_path: Path) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text(EXAMPLE.read_text())
    target = platform_file.read(file)["targets"][0]
    assert target["settings"]["artifacts"] == str(tmp_path / "artifacts")


def test_environment_with_manifests_of_its_own_gets_these_alone(tmp_path: Path) -> None:
    for name in ("all", "staging"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.yaml").write_text("kind: A\n")
    section = {"manifests": "all", "environments": {"staging": {"manifests": "staging"}}}
    file = tmp_path / "platform.yaml"
    file.write_text(yaml.safe_dump({"components": [{"name": "web", "manifest": {"kubernetes": section}}]}))
    (component,) = platform_file.read(file)["components"]
    for environment, folder in (("staging", "staging"), ("production", "all")):
        read, problems = read_section("web", component["manifest"], environment)
        assert problems == []
        assert read is not None
        assert list(read.files) == [f"{folder}.yaml"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "not YAML"),
        ("- a", "no mapping"),
        ("version: 1\nversion: 1", "given twice: version"),
        ("x: " + "y" * 2_000_001, "larger than 2 MB"),
        ("!!python/object/apply:os.getcwd []", "not YAML"),
    ],
)
def test_text_that_is_no_document_is_refused(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        platform_file.parse(text)


def test_wrong_file_is_refused_whole_with_every_error_and_its_path() -> None:
    document = platform_file.read(EXAMPLE)
    document["environments"][0]["data_class"] = "secret"
    document["components"][0]["kind"] = "lambda"
    document["surprise"] = True
    with pytest.raises(Invalid) as refused:
        loaded(document)
    assert {"environments[0].data_class", "components[0].kind", "(top)"} <= set(refused.value.fields)
    assert not Environment.objects.exists()
    assert not User.objects.exists()


def test_errors_of_meaning_name_their_paths() -> None:
    document = platform_file.read(EXAMPLE)
    document["targets"][3]["data_class"] = "synthetic"
    document["targets"][0]["region"] = "moon"
    with pytest.raises(Invalid) as refused:
        loaded(document)
    assert {path.split(".")[0] for path in refused.value.fields} >= {"targets[0]", "targets[3]"}


def test_only_an_administrator_loads_and_nothing_else_happens() -> None:
    with pytest.raises(NotAllowed, match="an Administrator can"):
        platform_file.load(platform_file.read(EXAMPLE), actor=person(cast.user("rita")))
    assert not Environment.objects.exists()


def test_loading_is_one_event_with_what_it_changed() -> None:
    changes = loaded(platform_file.read(EXAMPLE))
    event = Event.objects.get(kind="platform.loaded")
    assert (event.actor, len(event.data["changes"])) == ("system:test", len(changes))
    assert "environments: production is new" in event.data["changes"]


def test_record_of_a_loading_holds_no_name_login_or_address() -> None:
    changes = "\n".join(loaded(platform_file.read(EXAMPLE)))
    quinn = cast.user("quinn")
    assert "@quinn becomes QA Lead" in changes
    assert "quinn-reyes at github.com" in changes
    kept = "\n".join(Event.objects.get(kind="platform.loaded").data["changes"])
    assert f"people: @{{{quinn.actor_id}}} becomes QA Lead" in kept
    assert f"people: a login at github.com is @{{{quinn.actor_id}}}" in kept
    assert "quinn" not in kept
    assert "@hmhp.example" not in kept
    assert "@quinn becomes QA Lead" in names.shown(kept)


def test_check_prints_the_plan_and_changes_nothing() -> None:
    out = StringIO()
    call_command("load_platform", str(EXAMPLE), check=True, stdout=out)
    assert "- environments: production is new" in out.getvalue()
    assert not Environment.objects.exists()


def test_command_ends_with_every_error_a_line(tmp_path: Path) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text("version: 2")
    with pytest.raises(CommandError, match=r"version: 1 was expected"):
        call_command("load_platform", str(file))


@pytest.mark.parametrize("name", ["checklist", "validations"])
def test_a_list_without_a_line_is_refused_and_never_done(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        loaded(yaml.safe_load(EXAMPLE.read_text()) | {name: []})
    assert name in str(refused.value.fields)
    assert not Environment.objects.exists()
