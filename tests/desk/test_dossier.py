"""A dossier holds by itself, and every change to it is found by the enclosed verifier."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from accounts.actors import system
from desk import services
from desk.dossiers import verify_dossier
from desk.dossiers.archive import make
from desk.dossiers.gathering import Scope
from desk.models import DossierRequest
from events import checkpoints, clock, heads, keys
from events.errors import Invalid, NotFound
from events.models import Event
from events.services import record
from releases.models import Release
from tests.events.tampering import as_superuser

pytestmark = pytest.mark.django_db
VERSION = "2026.11.0"
STREAM = f"release/{VERSION}"


@pytest.fixture
def release() -> Release:
    now = clock.now()
    made = Release.objects.create(
        version=VERSION, kind="feature", commit="4f2a90c1d0", created_by="x", created_at=now, changed_at=now
    )
    for number in range(6):
        with transaction.atomic():
            record(STREAM, "release.annotated", "system:test", after={"number": number}, reason="Zürich")
            record("release/other", "release.annotated", "system:test")
        if number % 2:
            checkpoints.make()
    return made


def archive() -> bytes:
    return make(Scope(VERSION), f"Release {VERSION}", lambda percent: None)


def check(found: bytes, **named: object) -> list[str]:
    told: list[str] = []
    verify_dossier.verify(io.BytesIO(found), keys.exported(), out=told.append, **named)  # type: ignore[arg-type]
    return told


def changed(found: bytes, change: Callable[[dict[str, bytes]], None], sign_again: bool = False) -> bytes:
    """The archive with other files; with `sign_again`, by somebody who even holds the portal's key."""
    with zipfile.ZipFile(io.BytesIO(found)) as old:
        files = {name: old.read(name) for name in old.namelist()}
    change(files)
    if sign_again:
        manifest = json.loads(json.loads(files["manifest.json"])["text"])
        manifest["files"] = {
            name: verify_dossier.sha256(content) for name, content in files.items() if name != "manifest.json"
        }
        signed = keys.sign(manifest)
        files["manifest.json"] = json.dumps(
            {"text": signed.text, "key": signed.key_id, "signature": signed.signature}
        ).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as new:
        for name, content in files.items():
            new.writestr(name, content)
    return buffer.getvalue()


def replace(name: str, old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


def drop_line(number: int) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        lines = files["events.jsonl"].splitlines(keepends=True)
        files["events.jsonl"] = b"".join(lines[:number] + lines[number + 1 :])

    return change


def test_an_untouched_dossier_holds_and_says_what_is_in_it(release: Release) -> None:
    told = check(archive())
    assert told[0].startswith(f"Release {VERSION}, made ")
    assert told[1].startswith("6 events in 1 streams, 3 checkpoints")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (replace("records.json", b"4f2a90c1d0", b"4f2a90c1d1"), "records.json is not what the manifest says"),
        (replace("dossier.html", b"Release", b"release"), "dossier.html is not what"),
        (
            replace("events.jsonl", b'"number":2', b'"number":3'),
            "manifest says. Event 3 of release/2026.11.0 is not",
        ),
        (lambda files: files.pop("people.json"), "people.json is missing"),
        (lambda files: files.update({"extra": b""}), "extra is not in the manifest"),
        (replace("manifest.json", b"dossier 1", b"dossier 2"), "The signature of the manifest does not hold"),
    ],
)
def test_a_changed_file_is_found(release: Release, change: Callable[..., None], named: str) -> None:
    with pytest.raises(verify_dossier.Wrong, match=named):
        check(changed(archive(), change))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (replace("events.jsonl", b'"number":2', b'"number":3'), "Event 3 of .* is not what was written"),
        (drop_line(2), "Event 4 of .* does not follow"),
        (drop_line(5), "Event 6 of .* is missing; checkpoint 3 sealed it"),
        (
            replace("checkpoints.jsonl", b'\\"streams\\":2', b'\\"streams\\":1'),
            "The signature of Checkpoint 1",
        ),
        (
            replace("checkpoints.jsonl", b'"release/other", 2', b'"release/other", 1'),
            "What checkpoint 1 sealed",
        ),
    ],
)
def test_even_who_signs_the_manifest_again_cannot_change_events_or_checkpoints(
    release: Release, change: Callable[..., None], named: str
) -> None:
    with pytest.raises(verify_dossier.Wrong, match=named):
        check(changed(archive(), change, sign_again=True))


def test_keys_of_somebody_else_prove_nothing(release: Release) -> None:
    strangers = keys.exported()
    strangers["keys"] = []
    with pytest.raises(verify_dossier.Wrong, match="not among the trusted"):
        verify_dossier.verify(io.BytesIO(archive()), strangers)


def test_the_copy_of_the_keys_from_before_a_rotation_still_leads_to_the_new_key(release: Release) -> None:
    handed_over = keys.exported()
    keys.rotate("system:test")
    verify_dossier.verify(io.BytesIO(archive()), handed_over, out=lambda text: None)


def test_a_head_that_was_kept_elsewhere_is_compared(release: Release) -> None:
    newest = checkpoints.newest()
    assert newest is not None
    head = json.loads(heads.written(newest))
    assert "checkpoint 3 of this dossier" in check(archive(), head=head)[-1]


def test_a_dossier_of_a_record_that_was_set_back_is_found_by_a_head_that_was_kept(release: Release) -> None:
    with transaction.atomic():
        record("release/other", "release.annotated", "system:test")
    newest = checkpoints.make()
    assert newest is not None
    head = json.loads(heads.written(newest))
    assert "not in this dossier's range" in check(archive(), head=head)[-1]
    as_superuser(
        "DELETE FROM events_checkpoint_entry WHERE checkpoint_id = 4",
        "DELETE FROM events_checkpoint WHERE number = 4",
    )
    with pytest.raises(verify_dossier.Wrong, match=r"Checkpoint 4 was kept before .* ended at checkpoint 3"):
        check(archive(), head=head)
    with pytest.raises(verify_dossier.Wrong, match="Checkpoint 4 was kept before"):
        check(archive(), head={**head, "number": 1})


def test_another_history_under_the_number_of_a_head_that_was_kept_is_found(release: Release) -> None:
    with transaction.atomic():
        record("release/other", "release.annotated", "system:test")
    newest = checkpoints.make()
    assert newest is not None
    head = json.loads(heads.written(newest))
    as_superuser(
        "DELETE FROM events_checkpoint_entry WHERE checkpoint_id = 4",
        "DELETE FROM events_checkpoint WHERE number = 4",
        "UPDATE events_sealed_head SET seq = 5 WHERE stream = 'release/other'",
    )
    with clock.at(clock.now() + timedelta(seconds=1)):
        assert checkpoints.make() is not None
    with pytest.raises(verify_dossier.Wrong, match="Checkpoint 4 is not the one whose head was kept"):
        check(archive(), head=head)


def test_an_auditor_checks_it_with_nothing_but_the_files(release: Release, tmp_path: Path) -> None:
    call_command("make_dossier", release=VERSION, out=tmp_path / "d.zip")
    (tmp_path / "keys.json").write_text(json.dumps(keys.exported()))
    with zipfile.ZipFile(tmp_path / "d.zip") as found:
        found.extract("verify_dossier.py", tmp_path)
    command = [sys.executable, "-I", "-S", "verify_dossier.py", "d.zip", "--keys", "keys.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, "everything holds" in done.stdout) == (0, True), done.stderr + done.stdout
    assert "; 0 events are newer than the last checkpoint" in done.stdout
    (tmp_path / "d.zip").write_bytes(
        changed((tmp_path / "d.zip").read_bytes(), drop_line(1), sign_again=True)
    )
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout.startswith("DOES NOT HOLD")) == (1, True)


def test_a_period_holds_everything_that_happened_in_it(release: Release) -> None:
    first = Event.objects.filter(stream=STREAM).earliest("seq")
    asked = DossierRequest(since=first.at, until=clock.now(), asked_at=clock.now())
    told = check(services.archive_of(asked))
    assert "12 events in 2 streams" in told[1]


def test_asking_and_reading_are_on_the_record(release: Release) -> None:
    actor = system("test")
    asked = services.ask(actor=actor, release=VERSION)
    services.make_dossier(asked.pk)
    services.take(str(asked.public_id), actor)
    assert Event.objects.filter(kind="dossier.asked", stream=STREAM).count() == 1
    assert Event.objects.get(kind="dossier.read").data["title"] == f"Release {VERSION}"


@pytest.mark.parametrize("asked", [{"release": "0.0.0"}, {}, {"release": VERSION, "since": clock.now()}])
def test_what_no_dossier_can_be_made_of_is_refused(release: Release, asked: dict[str, object]) -> None:
    with pytest.raises((Invalid, NotFound)):
        services.ask(actor=system("test"), **asked)  # type: ignore[arg-type]
    with pytest.raises(CommandError):
        call_command("make_dossier", release="0.0.0")


RFC_8032 = (
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
)  # fmt: skip


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_the_verifiers_own_ed25519_agrees_with_rfc_8032(public: str, message: str, signature: str) -> None:
    key, text, value = (bytes.fromhex(part) for part in (public, message, signature))
    assert verify_dossier.is_signed(key, text, value)
    assert not verify_dossier.is_signed(key, text + b"x", value)
    for byte in (0, 31, 32, 63):
        bent = bytearray(value)
        bent[byte] ^= 1
        assert not verify_dossier.is_signed(key, text, bytes(bent))
    more = (int.from_bytes(value[32:], "little") + verify_dossier.Q).to_bytes(32, "little")
    assert not verify_dossier.is_signed(key, text, value[:32] + more)
