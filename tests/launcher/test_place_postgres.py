"""Root's PostgreSQL runs as `nobody`, also where that account is shut out of the data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hmhp_portal.embedded.child import unprivileged_account
from hmhp_portal.embedded.postgres import EmbeddedPostgres
from hmhp_portal.launcher import postgres_place
from hmhp_portal.launcher.installation import Installation

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the account")
as_user = pytest.mark.skipif(os.geteuid() == 0, reason="an ordinary user's case")


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """A data folder that `nobody` can reach, with homes for PostgreSQL beside it."""
    open_to_all = tmp_path
    while open_to_all != Path("/tmp") and open_to_all.parent != open_to_all:
        open_to_all.chmod(0o755)
        open_to_all = open_to_all.parent
    monkeypatch.setattr(postgres_place, "HOMES", tmp_path / "homes")
    found = Installation(tmp_path / "data")
    found.claim("up")
    yield found
    found.clear()


@as_root
def test_open_folder_holds_the_cluster_itself(installation: Installation) -> None:
    place = postgres_place.choose(installation, installation.run_folder())
    assert place.cluster == installation.folder / "postgres"
    assert place.account == unprivileged_account()
    assert not (installation.folder / "postgres.place").exists()


@as_root
def test_closed_folder_holds_a_pointer_and_fresh_removes_what_it_points_to(
    installation: Installation,
) -> None:
    installation.folder.chmod(0o700)
    place = postgres_place.choose(installation, installation.run_folder())
    home = place.cluster.parent
    assert (installation.folder / "postgres.place").read_text() == str(home)
    assert EmbeddedPostgres(place, "a", "b", durable=False).make()
    assert place.installation.is_relative_to(home)
    assert postgres_place.choose(installation, installation.run_folder()).cluster == place.cluster
    installation.clear()
    assert not home.exists()


@as_root
def test_home_falls_back_to_the_temporary_folder(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(postgres_place, "HOMES", tmp_path / "file" / "homes")
    installation.folder.chmod(0o700)
    place = postgres_place.choose(installation, installation.run_folder())
    assert place.cluster.parent.name.startswith("hmhp-portal-")


@as_user
def test_ordinary_user_runs_it_himself(installation: Installation) -> None:
    place = postgres_place.choose(installation, installation.run_folder())
    assert place.account is None
    assert place.cluster == installation.folder / "postgres"


def test_long_path_keeps_its_sockets_elsewhere(tmp_path: Path) -> None:
    deep = Installation(tmp_path / ("long" * 30))
    deep.claim("up")
    run = deep.run_folder()
    assert len(str(run)) < 60
    assert deep.run_folder() == run
    deep.clear()
    assert not run.exists()


def test_unfinished_cluster_is_made_again(installation: Installation) -> None:
    place = postgres_place.choose(installation, installation.run_folder())
    half = place.cluster.with_name(place.cluster.name + ".new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    postgres = EmbeddedPostgres(place, "a", "b", durable=False)
    assert postgres.make()
    assert not half.exists()
    assert not postgres.make()
