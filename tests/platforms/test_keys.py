"""One contract for every keeper of the signing key, and what each refuses."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from platforms.keys.base import (
    KeyKeeper,
    KeysRefused,
    KeysUnavailable,
    Signature,
    endorsement_of,
    is_signed,
    verifies,
)
from platforms.keys.file import FileKeeper
from platforms.keys.registry import open_keeper
from platforms.keys.vault import VaultKeeper
from tests.platforms.transit_server import Transit, transit

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
Open = Callable[[], KeyKeeper]


@pytest.fixture
def vault() -> Iterator[Transit]:
    with transit() as server:
        yield server


def _vault_keeper(vault: Transit) -> VaultKeeper:
    return VaultKeeper(vault.address, lambda: vault.token)


@pytest.fixture(params=["file", "vault"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens a keeper as another process would: the same place, nothing remembered."""
    if request.param == "file":
        return lambda: FileKeeper(tmp_path / "keys")
    server = request.getfixturevalue("vault")
    return lambda: _vault_keeper(server)


def test_what_was_signed_verifies_and_nothing_else(reopen: Open) -> None:
    keeper = reopen()
    keeper.ensure(NOW)
    made = keeper.sign(b"approved")
    keys = keeper.public_keys()
    assert is_signed(b"approved", made, keys)
    assert not is_signed(b"approved!", made, keys)
    other = bytes([made.value[0] ^ 1]) + made.value[1:]
    assert not is_signed(b"approved", Signature(made.key_id, other), keys)
    assert not is_signed(b"approved", Signature("0" * 16, made.value), keys)


def test_key_is_made_once(reopen: Open) -> None:
    assert reopen().ensure(NOW).id == reopen().ensure(NOW + timedelta(days=1)).id


def test_without_a_key_nothing_is_signed(reopen: Open) -> None:
    with pytest.raises(KeysUnavailable, match="prepare"):
        reopen().sign(b"x")


def test_rotation_keeps_old_signatures_provable_and_is_endorsed(reopen: Open) -> None:
    keeper, other = reopen(), reopen()
    keeper.ensure(NOW)
    before = other.sign(b"before")
    turn = keeper.rotate(NOW + timedelta(days=30))
    after = other.sign(b"after")
    assert (before.key_id, after.key_id) == (turn.old.id, turn.new.id)
    keys = reopen().public_keys()
    assert [key.id for key in keys] == [turn.old.id, turn.new.id]
    assert keys[0].valid_until is not None
    assert keys[1].valid_until is None
    assert is_signed(b"before", before, keys)
    assert is_signed(b"after", after, keys)
    assert verifies(endorsement_of(turn.new.public), turn.endorsement, turn.old.public)


def test_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    key = FileKeeper(tmp_path / "keys").ensure(NOW)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys" / f"{key.id}.pem").stat().st_mode) == 0o600


def test_private_key_goes_with_its_rotation(tmp_path: Path) -> None:
    keeper = FileKeeper(tmp_path)
    keeper.ensure(NOW)
    turn = keeper.rotate(NOW)
    assert [path.stem for path in tmp_path.glob("*.pem")] == [turn.new.id]


def test_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    key = FileKeeper(tmp_path).ensure(NOW)
    (tmp_path / f"{key.id}.pem").chmod(0o640)
    with pytest.raises(KeysRefused, match="0600"):
        FileKeeper(tmp_path).sign(b"x")


def test_exchanged_key_file_is_refused(tmp_path: Path) -> None:
    key = FileKeeper(tmp_path / "a").ensure(NOW)
    other = FileKeeper(tmp_path / "b").ensure(NOW)
    (tmp_path / "b" / f"{other.id}.pem").rename(tmp_path / "a" / f"{key.id}.pem")
    with pytest.raises(KeysRefused, match="another one"):
        FileKeeper(tmp_path / "a").sign(b"x")


def test_leftovers_of_a_rotation_that_died_go(tmp_path: Path) -> None:
    key = FileKeeper(tmp_path).ensure(NOW)
    (tmp_path / "dead0000dead0000.pem").write_bytes((tmp_path / f"{key.id}.pem").read_bytes())
    FileKeeper(tmp_path).ensure(NOW)
    assert [path.stem for path in tmp_path.glob("*.pem")] == [key.id]


def test_starts_at_once_make_one_key(tmp_path: Path) -> None:
    threads = [threading.Thread(target=FileKeeper(tmp_path / "k").ensure, args=(NOW,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(FileKeeper(tmp_path / "k").public_keys()) == 1


def test_vaults_key_never_leaves_it(vault: Transit) -> None:
    _vault_keeper(vault).ensure(NOW)
    _vault_keeper(vault).sign(b"x")
    assert {line.split("/")[3] for line in vault.asked} <= {"keys", "sign"}


def test_renewed_token_is_used_at_the_next_call(vault: Transit, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("t-1\n")
    settings = {"address": vault.address, "token_file": str(file), "key": "hmhp-portal", "mount": "transit"}
    keeper = open_keeper("vault", settings)
    keeper.ensure(NOW)
    vault.token = "t-2"
    with pytest.raises(KeysRefused, match="does not let"):
        keeper.sign(b"x")
    file.write_text("t-2\n")
    assert keeper.sign(b"x").value


@pytest.mark.parametrize("status", [500, 502, 503])
def test_vault_that_fails_is_unavailable(vault: Transit, status: int) -> None:
    keeper = _vault_keeper(vault)
    keeper.ensure(NOW)
    vault.broken = status
    with pytest.raises(KeysUnavailable, match="does not answer"):
        keeper.sign(b"x")


def test_vaults_key_of_another_kind_is_refused(vault: Transit) -> None:
    _vault_keeper(vault).ensure(NOW)
    vault.kind = "rsa-4096"
    with pytest.raises(KeysRefused, match="ed25519"):
        _vault_keeper(vault).public_keys()


def test_unknown_keeper_is_refused() -> None:
    with pytest.raises(KeysRefused, match="file, vault"):
        open_keeper("drawer", {})
