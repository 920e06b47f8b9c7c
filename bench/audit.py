"""`./portal bench [--data DIR] audit`: how fast the record is written, sealed, checked and handed over.

Everything is measured in a database of its own on the installation's PostgreSQL, which is dropped at the
end: the installation's record is never touched. Needs an account that may make databases. Where no
installation answers it starts a PostgreSQL of its own, which does not wait for the disk: that makes the
plain INSERT faster, and the ratio harder.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import django
from django.conf import settings

SECONDS = 4.0
OWN = "--own-place"
ACTOR = "person:5f0c1f5e-0000-4000-8000-000000000001"
ROW = {
    "reason": "the evening window has passed",
    "before": {"state": "review"},
    "after": {"state": "approved", "window": "2026-11-24T20:00:00Z"},
    "data": {"seal": "9f" * 32, "role": "release_manager", "gate": 41},
}


@contextmanager
def own_database() -> Iterator[None]:
    """A fresh database with every table, and a signing key of its own; both gone afterwards."""
    from django.core.management import call_command
    from django.db import connection

    from events import keys

    name = f"bench_audit_{os.getpid()}"
    folder = Path(tempfile.mkdtemp(prefix="bench-audit-"))
    home = settings.DATABASES["default"]["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    connection.close_pool()
    connection.settings_dict["NAME"] = name
    settings.PORTAL_KEY_KEEPER, settings.PORTAL_KEY_SETTINGS = "file", {"folder": str(folder / "keys")}
    try:
        call_command("migrate", verbosity=0, interactive=False)
        keys.ensure()
        yield
    finally:
        connection.close()
        connection.close_pool()
        connection.settings_dict["NAME"] = home
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.close()
        connection.close_pool()
        shutil.rmtree(folder, ignore_errors=True)


def plain_table() -> None:
    """The same columns and indexes, without partitions, chain and triggers: what a plain INSERT costs."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE plain_event (LIKE events_event INCLUDING DEFAULTS INCLUDING INDEXES)")


def chained(stream: str) -> None:
    """One event as every service records it."""
    from django.db import transaction

    from events.services import record

    with transaction.atomic():
        record(stream, "release.approved", ACTOR, **ROW)  # type: ignore[arg-type]


def plain(stream: str) -> None:
    """The same row by a plain INSERT, with a made-up position and hash; everything else is the same."""
    from django.db import connection, transaction

    from events import canonical, clock
    from events.doorbell import ring
    from events.fields import plain as plain_value

    texts = [canonical.dumps(plain_value(ROW[name])).decode() for name in ("before", "after", "data")]
    at = clock.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO plain_event (stream, seq, kind, actor, at, reason, before, after, data,"
            " previous_hash, hash) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
            [stream, time.perf_counter_ns(), "release.approved", ACTOR, at, ROW["reason"], *texts,
             "a" * 64, "b" * 64],
        )  # fmt: skip
        cursor.fetchone()
        ring(stream)


def rate(write: Callable[[str], None], writers: int, streams: int) -> float:
    """Commits a second of that many threads, each with a connection of its own."""
    from django.db import connection

    counts = [0] * writers
    until = time.perf_counter() + SECONDS

    def work(index: int) -> None:
        try:
            while time.perf_counter() < until:
                write(f"bench/{(index + counts[index] * writers) % streams}")
                counts[index] += 1
        finally:
            connection.close()

    threads = [Thread(target=work, args=(index,)) for index in range(writers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


def appends() -> None:
    """Chained beside plain, in turns, so that a busy moment of the machine meets both."""
    print(f"{'appends':<28}{'chained/s':>11}{'plain/s':>11}{'ratio':>8}")
    for words, writers, streams in (
        ("1 writer, 1 stream", 1, 1),
        ("8 writers, 100 streams", 8, 100),
        ("8 writers, 1 stream", 8, 1),
    ):
        rounds = [(rate(chained, writers, streams), rate(plain, writers, streams)) for _ in range(2)]
        with_chain, without = (sum(column) / len(rounds) for column in zip(*rounds, strict=True))
        print(f"{words:<28}{with_chain:>11,.0f}{without:>11,.0f}{with_chain / without:>8.2f}", flush=True)


def checks(count: int = 200_000) -> None:
    """A large record checked whole, and a checkpoint of 10,000 streams."""
    from events import checkpoints
    from events.loading import Loaded, load
    from events.verification import verify

    began = time.perf_counter()
    load(Loaded(f"bench/{n % 10_000}", "release.approved", "person:x", **ROW) for n in range(count))  # type: ignore[arg-type]
    print(f"load of {count:,} events: {count / (time.perf_counter() - began):,.0f} events/s")
    began = time.perf_counter()
    made = checkpoints.make()
    took = time.perf_counter() - began
    print(f"checkpoint of {made.entries.count() if made else 0:,} streams: {took:.2f} s (limit 1)")
    for _ in range(3):
        cpu, outcome = time.process_time(), verify()
        cpu = time.process_time() - cpu
        print(
            f"verification of {outcome.events:,} events: {outcome.events / outcome.seconds:,.0f} events/s,"
            f" {outcome.events / cpu:,.0f} a second of this process's own time {outcome.problem}"
        )


def dossier(count: int = 20_000) -> None:
    """The archive of a release with that many events, and its check by the enclosed verifier."""
    import io

    from django.db import transaction

    from desk.dossiers import verify_dossier
    from desk.dossiers.archive import make
    from desk.dossiers.gathering import Scope
    from events import checkpoints, clock, keys
    from events.loading import Loaded, load
    from releases.models import Release

    now = clock.now()
    Release.objects.create(
        version="2026.11.0",
        kind="feature",
        commit="4f2a90c1d0",
        created_by=ACTOR,
        created_at=now,
        changed_at=now,
    )
    load(Loaded("release/2026.11.0", "release.annotated", ACTOR, **ROW) for _ in range(count))  # type: ignore[arg-type]
    checkpoints.make()
    began = time.perf_counter()
    with transaction.atomic():
        archive = make(Scope("2026.11.0"), "Release 2026.11.0", lambda percent: None)
    took = time.perf_counter() - began
    print(f"dossier of {count:,} events: {took:.2f} s, {len(archive) / 1e6:.1f} MB (limit 5)")
    began = time.perf_counter()
    verify_dossier.verify(io.BytesIO(archive), keys.exported(), out=lambda text: print(f"  {text}"))
    print(f"  checked by the enclosed verifier in {time.perf_counter() - began:.2f} s")


def main() -> None:
    """All of it."""
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with own_database():
        plain_table()
        appends()
        checks()
        dossier()


def answers() -> bool:
    """Does the installation's PostgreSQL?"""
    from django.db import OperationalError, connection

    try:
        connection.ensure_connection()
    except OperationalError:
        return False
    return True


if __name__ == "__main__":
    if OWN in sys.argv:
        from bench._place import own_place

        with own_place(pages=False):
            main()
    else:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hmhp_portal.settings")
        django.setup()
        if not answers():
            print("No installation answers; with a PostgreSQL of its own, which does not wait for the disk:")
            sys.stdout.flush()
            os.execv(sys.executable, [*sys.orig_argv, OWN])
        main()
