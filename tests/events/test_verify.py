"""`verify_audit` names the first bad row, whatever was done to the record behind the portal's back."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from events import checkpoints, heads
from events.models import Checkpoint
from events.services import record
from events.verification import verify
from tests.events.tampering import (
    OTHER,
    STREAM,
    delete_stream,
    delete_stream_and_what_sealed_it,
    past,
    rehash_tail,
    remove_newest,
    sql,
    swap,
)

pytestmark = pytest.mark.django_db
ROW = f"WHERE stream = '{STREAM}' AND seq = 2"


def changed(column: str, value: str) -> Callable[[], None]:
    return sql(f"UPDATE events_event SET {column} = {value} {ROW}")


EVENT_COLUMNS = {
    "kind": "'release.created'",
    "actor": "'person:b'",
    "at": "at + interval '1 microsecond'",
    "reason": "'whY'",
    "before": "'{}'",
    "after": "'{\"number\": 1}'",
    "data": "'{\"number\":2}'",
    "hash": "repeat('1', 64)",
}


@pytest.mark.parametrize("column", EVENT_COLUMNS)
def test_a_changed_byte_of_an_event_is_found(column: str) -> None:
    past()
    changed(column, EVENT_COLUMNS[column])()
    assert verify().problem == f"Event 2 of {STREAM} is not what was written."


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (changed("previous_hash", "repeat('1', 64)"), f"Event 2 of {STREAM} does not follow"),
        (sql(f"DELETE FROM events_event {ROW}"), f"Event 2 of {STREAM} is missing"),
        (sql(f"DELETE FROM events_event {ROW}".replace("= 2", "= 6")), "Event 6 of release/2026.11.0"),
        (swap, f"Event 2 of {STREAM} does not follow"),
        (rehash_tail, f"Event 6 of {STREAM} is not what checkpoint 2 sealed"),
        (remove_newest, f"Event 6 of {STREAM} is missing; checkpoint 2 sealed it"),
        (delete_stream, f"Event 3 of {OTHER} is missing; checkpoint 1 sealed it"),
        (delete_stream_and_what_sealed_it, "What checkpoint 1 sealed is not what was written"),
        (sql("UPDATE events_event SET stream = 'release/x' WHERE id % 2 = 1"), "Event 1 of release/"),
        (sql("INSERT INTO events_event SELECT id + 1000, stream, seq, kind, actor, at + interval '1 s',"
             f" reason, before, after, data, previous_hash, hash FROM events_event {ROW}"),
         f"Event 2 of {STREAM} is there twice"),
    ],
)  # fmt: skip
def test_events_removed_moved_or_hashed_again_are_found(tamper: Callable[[], None], named: str) -> None:
    past()
    tamper()
    assert verify().problem.startswith(named)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE events_stream_head SET hash = repeat('1', 64)", "The head of release/2026.11.0"),
        ("UPDATE events_stream_head SET previous_hash = repeat('1', 64)", "The head of release/2026.11.0"),
        ("UPDATE events_stream_head SET seq = seq + 1", "Event 7 of release/2026.11.0 is missing"),
        ("UPDATE events_stream_head SET seq = seq - 1", "The head of release/2026.11.0"),
        ("UPDATE events_stream_head SET stream = 'x' || stream", "The head of release/2026.11.0 is missing"),
        ("DELETE FROM events_stream_head", "The head of release/2026.11.0 is missing"),
        (
            "UPDATE events_checkpoint SET text = replace(text, '\"streams\":2', '\"streams\":3')",
            "Checkpoint 1 is n",
        ),
        ("UPDATE events_checkpoint SET hash = repeat('1', 64)", "Checkpoint 1 is not what was written"),
        ("UPDATE events_checkpoint SET at = at + interval '1 s'", "The time of checkpoint 1"),
        ("UPDATE events_checkpoint SET key_id = repeat('1', 16)", "Checkpoint 1 is not signed"),
        (
            "UPDATE events_checkpoint SET signature = 'AAAA' || substr(signature, 5)",
            "Checkpoint 1 is not signed",
        ),
        ("UPDATE events_checkpoint SET number = 3 - number + 10", "Checkpoint 1 is missing"),
        ("DELETE FROM events_checkpoint WHERE number = 1", "Checkpoint 1 is missing"),
        ("DELETE FROM events_checkpoint WHERE number = 2", "Checkpoint 2 is missing, but sealed"),
        ("UPDATE events_checkpoint_entry SET hash = repeat('1', 64)", "What checkpoint 1 sealed"),
        ("UPDATE events_checkpoint_entry SET seq = seq + 1", "What checkpoint 1 sealed"),
        ("UPDATE events_sealed_head SET seq = seq + 100", "How far release/2026.11.0 is sealed was changed"),
    ],
)
def test_changed_heads_and_checkpoints_are_found(statement: str, named: str) -> None:
    past()
    sql(statement)()
    assert verify().problem.startswith(named)


def test_a_last_character_of_a_signature_that_decodes_alike_is_a_change_too() -> None:
    past()
    signature = Checkpoint.objects.get(number=2).signature
    alike = signature[:-3] + chr(ord(signature[-3]) + 1) + "=="
    assert base64.b64decode(alike) == base64.b64decode(signature)
    sql(f"UPDATE events_checkpoint SET signature = '{alike}' WHERE number = 2")()
    assert verify().problem.startswith("Checkpoint 2 is not signed")


def test_an_old_database_or_one_set_back_is_found_by_the_head_that_left_the_machine(tmp_path: Path) -> None:
    past()
    kept = tmp_path / "head.json"
    kept.write_text(heads.written(Checkpoint.objects.get(number=2)))
    call_command("verify_audit", head=kept)
    remove_newest(with_checkpoint=True)
    assert verify().problem == ""  # whole in itself: only the head outside can tell
    with pytest.raises(CommandError, match="Checkpoint 2 is missing: this is an older record"):
        call_command("verify_audit", head=kept)


def test_another_history_under_the_same_number_is_found_by_the_head(tmp_path: Path) -> None:
    past()
    kept = tmp_path / "head.json"
    kept.write_text(heads.written(Checkpoint.objects.get(number=2)))
    remove_newest(with_checkpoint=True)
    with transaction.atomic():
        record(STREAM, "release.annotated", "person:a", reason="another history")
    checkpoints.make()
    assert verify().problem == ""
    with pytest.raises(CommandError, match="another history stands here"):
        call_command("verify_audit", head=kept)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": "x"}', "\x00"])
def test_a_file_that_is_no_head_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "head.json"
    file.write_text(text)
    with pytest.raises(CommandError, match=r"head\.json"):
        call_command("verify_audit", head=file)


def test_a_record_that_nobody_touched_stands(capsys: pytest.CaptureFixture[str]) -> None:
    past()
    with transaction.atomic():
        record(STREAM, "release.annotated", "person:a", reason="not sealed yet: ü")
    call_command("verify_audit")
    assert "13 events in 2 streams and 2 checkpoints stand" in capsys.readouterr().out
    assert checkpoints.make() is not None
    assert checkpoints.make() is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM events_checkpoint_entry")
        assert cursor.fetchone() == (5,)
