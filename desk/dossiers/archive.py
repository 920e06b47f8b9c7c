"""Write the archive: records, events, checkpoints, keys, the page, the verifier, and a signed manifest."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.db import connection

from accounts.queries import labels
from desk.dossiers.gathering import Scope, gather, streams_of
from desk.dossiers.human import page
from events import canonical, checkpoints, clock, keys
from events.models import Checkpoint, CheckpointEntry
from events.verification.streams import rows, text_of

FORMAT = "hmhp-portal dossier 1"
VERIFIER = Path(__file__).with_name("verify_dossier.py")


class Pages:
    """The files of a zip, with the hash of each."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._zip = zipfile.ZipFile(self._buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        self.hashes: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        """One file."""
        self._zip.writestr(name, content)
        self.hashes[name] = hashlib.sha256(content).hexdigest()

    def finish(self, manifest: dict[str, Any]) -> bytes:
        """The archive, with the manifest signed."""
        signed = keys.sign({**manifest, "files": self.hashes})
        self.add(
            "manifest.json", _json({"text": signed.text, "key": signed.key_id, "signature": signed.signature})
        )
        self._zip.close()
        return self._buffer.getvalue()


def make(scope: Scope, title: str, tell: Callable[[int], None]) -> bytes:
    """The whole archive. Raises CannotSign when the key keeper does not sign.

    Call it inside one transaction with a snapshot (REPEATABLE READ), so that everything fits together.
    """
    pages, made_at = Pages(), clock.now()
    records = gather(scope, tell)
    pages.add("records.json", _json(records))
    events = list(rows(*scope.events(streams_of(records))))
    tell(60)
    lines = [f'{{"hash":"{row[3]}","event":{text_of(row)}}}\n' for row in events]
    pages.add("events.jsonl", "".join(lines).encode())
    people = labels({row[4] for row in events} | set(_actors(records)))
    pages.add("people.json", _json(people))
    pages.add("checkpoints.jsonl", "".join(_checkpoints(events, scope)).encode())
    tell(75)
    pages.add("public-keys.json", _json(keys.exported()))
    pages.add("dossier.html", page(title, made_at, records, events, people).encode())
    pages.add("verify_dossier.py", VERIFIER.read_bytes())
    pages.add("README.txt", README.encode())
    tell(90)
    return pages.finish(
        {
            "format": FORMAT,
            "title": title,
            "release": scope.release,
            "since": canonical.moment(scope.since) if scope.since else None,
            "until": canonical.moment(scope.until) if scope.until else None,
            "made_at": canonical.moment(made_at),
            "events": len(events),
            "newest_checkpoint": _newest(),
        }
    )


def _checkpoints(events: list[Any], scope: Scope) -> Iterator[str]:
    """From the first checkpoint that sealed one of the events to the last, without a gap.

    Entries are given where one of the streams was sealed; the others carry only their signed text.
    `complete` says that an entry of these streams without its event is a gap (not so for a period).
    """
    numbers = [int(row[12]) for row in events if row[12] is not None]
    if not numbers:
        return
    with_entries = set(numbers)
    chain = Checkpoint.objects.filter(number__gte=min(numbers), number__lte=max(numbers)).order_by("number")
    for checkpoint in chain.iterator(chunk_size=1000):
        entries = None
        if checkpoint.number in with_entries:
            found = CheckpointEntry.objects.filter(checkpoint=checkpoint).order_by("stream")
            entries = [list(entry) for entry in found.values_list("stream", "seq", "hash")]
        yield (
            json.dumps(
                {
                    "number": checkpoint.number,
                    "text": checkpoint.text,
                    "key": checkpoint.key_id,
                    "signature": checkpoint.signature,
                    "complete": bool(scope.release),
                    "entries": entries,
                },
                ensure_ascii=False,
            )
            + "\n"
        )


def _newest() -> dict[str, Any] | None:
    """How far the record was sealed when the dossier was made: heads kept elsewhere are held against it."""
    newest = checkpoints.newest()
    return {"number": newest.number, "hash": newest.hash} if newest is not None else None


def _actors(records: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for section in records.values():
        for row in section:
            for value in row.values():
                if isinstance(value, str) and value.startswith(("person:", "service:", "system:")):
                    yield value


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


def freeze_snapshot() -> None:
    """Read everything as of one instant; the first statement of a transaction."""
    if not connection.savepoint_ids:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


README = """\
Dossier of the HMHP Release Portal

dossier.html         for people; prints to A4
records.json         releases, gates, signatures, decisions, facts, runs, digests of logs, messages, findings
events.jsonl         every event as it was hashed, one a line
checkpoints.jsonl    the signed chain that sealed them
people.json          names behind the ids, as of the making of this archive
public-keys.json     the keys as the portal knows them; to be compared with the copy that you were given
manifest.json        the hash of every file, signed
verify_dossier.py    checks all of it with nothing but Python:

    python3 verify_dossier.py THIS.zip --keys THE-COPY-YOU-WERE-GIVEN.json
"""
