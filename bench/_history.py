"""A long history, made fast: the releases of `_story` multiplied by SQL, in a database of a benchmark's own.

`make(Size(10_000, 100_000, 1_000_000))` brings the database in use to that many releases, events and
progress lines. Every copy is a whole release: its rows in every table that belongs to a release, tied by
the real foreign keys, with its own version, slot, seal and times; its events are chained anew. Which
tables belong to a release is read from the models, so that a later room is multiplied as well. Lines are
those of the last months, in the partitions of their days: what is older was dropped long ago.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import cycle, islice
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

from bench import _chain
from bench._story import LINES_DAYS, LIVES, UNDER_WAY
from deployments.models import DeploymentRun, Environment, ProgressHead, ProgressLine
from deployments.states import LineKind, RunState
from events import canonical, clock, partitions
from events.models import Event, StreamHead
from notifications.models import Mark, Message
from releases.models import Release

Table = type[models.Model]
YEARS = 5
FEWEST_RUNS = 20
"""A history with fewer production runs within those days has its lines on all of its runs."""
MAILS = 2
"""Messages kept of each copied release: their texts would outweigh everything else."""
APART = (Event, StreamHead, ProgressLine)
"""Made by ways of their own below; a run's head comes with its run and is counted afterwards."""


@dataclass(frozen=True)
class Size:
    """How long the history is; `watched` of the lines belong to the run that is under way."""

    releases: int
    events: int
    lines: int
    watched: int = 10_000


@dataclass(frozen=True)
class Copy:
    """One copy of a release of the story."""

    number: int
    release: int
    words: dict[str, str]
    back: timedelta


def make(size: Size) -> None:
    """Multiply what `_story.tell` has made; every constraint is checked, every event is chained."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        copies = list(_copies(size.releases))
        _note(cursor, copies)
        tables = _tables()
        _note_owners(cursor, tables)
        _guard(cursor, tables, "DISABLE")  # a guard asks for the way to a state; a copy is there already
        for model in tables:
            _multiply(cursor, model, tables)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # every foreign key is checked here
        _guard(cursor, tables, "ENABLE")
        _lines(cursor, size)
        _set_sequences(cursor)
    _events(copies, size)
    with connection.cursor() as cursor:
        # All of it was told long ago: reading years for the first time is another question.
        cursor.execute(
            f"UPDATE {Mark._meta.db_table} m SET seq = h.seq FROM {StreamHead._meta.db_table} h "
            "WHERE h.stream = m.stream AND h.seq > m.seq"
        )
        cursor.execute("VACUUM ANALYZE")


# --- which copies ---------------------------------------------------------------------------------------


def _copies(total: int) -> Iterator[Copy]:
    """Each life as often as it shall be there, spread evenly over the years before the story."""
    story = {release.version: release for release in Release.objects.all()}
    wanted = total - len(story)
    order = _interleaved(wanted)
    step = timedelta(days=365 * YEARS) / max(1, wanted)
    counted: defaultdict[str, int] = defaultdict(int)
    for number, version in enumerate(order, start=1):
        release = story[version]
        back = timedelta(days=1) + step * number
        month = f"{release.created_at - back:%Y.%-m}"
        counted[month] += 1
        new = f"{month}.{counted[month]}"
        words = {version: new}
        for digest in filter(None, (release.content_hash, release.seal)):
            words[digest[:8]] = hashlib.sha256(f"{new} {digest}".encode()).hexdigest()[:8]
        yield Copy(number, release.pk, words, back)


def _interleaved(wanted: int) -> Iterator[str]:
    """Versions of the story: first some that are under way, then each end with its share all the way back."""
    open_ones = [life.version for life in LIVES[:-1] if not life.share] * UNDER_WAY
    yield from open_ones[:wanted]
    owed = {life.version: 0.0 for life in LIVES if life.share}
    for _ in range(wanted - len(open_ones)):
        for life in LIVES:
            if life.share:
                owed[life.version] += life.share
        chosen = max(owed, key=lambda version: owed[version])
        owed[chosen] -= 1
        yield chosen


def _guard(cursor: Any, tables: Sequence[Table], how: str) -> None:
    for model in tables:
        cursor.execute(f"ALTER TABLE {model._meta.db_table} {how} TRIGGER USER")


def _note(cursor: Any, copies: Sequence[Copy]) -> None:
    """The copies as a table; `k` numbers them and moves their keys."""
    cursor.execute(
        "CREATE TEMP TABLE copy_of (k bigint, release_id bigint, back interval, o text[], n text[]) "
        "ON COMMIT DROP"
    )
    with cursor.copy("COPY copy_of FROM STDIN") as rows:
        for copy in copies:
            words = list(copy.words.items()) + [("\x01", "")] * (3 - len(copy.words))
            rows.write_row(
                (copy.number, copy.release, copy.back, [old for old, _ in words], [new for _, new in words])
            )
    cursor.execute("ANALYZE copy_of")


# --- which tables ---------------------------------------------------------------------------------------


def _parents(model: Table, known: Iterable[Table]) -> list[models.ForeignKey[Any, Any]]:
    """Its foreign keys that cannot be empty and lead to a table that belongs to a release."""
    fields = [f for f in model._meta.concrete_fields if isinstance(f, models.ForeignKey) and not f.null]
    return [field for field in fields if field.related_model in known]


def _tables() -> list[Table]:
    """Tables that belong to a release: by their stream, or below one that does; parents first."""
    by_stream = [
        model
        for model in apps.get_models()
        if any(field.name == "stream" for field in model._meta.concrete_fields) and model not in APART
    ]
    found: list[Table] = [Release, *by_stream]
    grown = True
    while grown:
        below = [
            m for m in apps.get_models() if m not in (*found, *APART, Environment) and _parents(m, found)
        ]
        grown = bool(below)
        found += below
    return found


def _note_owners(cursor: Any, tables: Sequence[Table]) -> None:
    """Which release each row of the story belongs to."""
    cursor.execute("CREATE TEMP TABLE owner (model text, id bigint, release_id bigint) ON COMMIT DROP")
    for model in tables:
        table, key = model._meta.db_table, _column(model._meta.pk)
        if not _numbered(model):
            continue
        if model is Release:
            source = f"SELECT '{table}', id, id FROM {table}"
        elif _has_stream(model):
            source = (
                f"SELECT '{table}', t.{key}, r.id FROM {table} t "
                "JOIN releases_release r ON t.stream = 'release/' || r.version"
            )
            if model is Message:
                source = (
                    f"SELECT m, k, r FROM (SELECT '{table}' AS m, t.id AS k, r.id AS r, row_number() OVER "
                    f"(PARTITION BY r.id ORDER BY t.id) AS n FROM {table} t JOIN releases_release r "
                    f"ON t.stream = 'release/' || r.version) found WHERE n <= {MAILS}"
                )
        else:
            parent = _parents(model, tables)[0]
            source = (
                f"SELECT '{table}', t.{key}, o.release_id FROM {table} t JOIN owner o "
                f"ON o.model = '{parent.related_model._meta.db_table}' AND o.id = t.{_column(parent)}"
            )
        cursor.execute(f"INSERT INTO owner {source}")
    cursor.execute("CREATE INDEX ON owner (model, id)")
    cursor.execute("ANALYZE owner")


def _multiply(cursor: Any, model: Table, tables: Sequence[Table]) -> None:
    """One statement copies this table's rows of every release as often as the release is copied."""
    table = model._meta.db_table
    values, joins = [], []
    for number, field in enumerate(model._meta.concrete_fields):
        if isinstance(field, models.ForeignKey) and field.related_model in tables:
            name = f"o{number}"
            target = field.related_model._meta.db_table
            joins.append(
                f"LEFT JOIN owner {name} ON {name}.model = '{target}' AND {name}.id = t.{_column(field)} "
                f"AND {name}.release_id = c.release_id"
            )
            moved = f"t.{_column(field)} + CASE WHEN {name}.id IS NULL THEN 0 ELSE {_offset()} END"
            values.append(moved)
        else:
            values.append(_value(field))
    if _numbered(model):
        source = (
            f"FROM {table} t JOIN owner own ON own.model = '{table}' "
            f"AND own.id = t.{_column(model._meta.pk)} JOIN copy_of c ON c.release_id = own.release_id"
        )
    else:
        source = (
            f"FROM {table} t JOIN releases_release r ON t.stream = 'release/' || r.version "
            "JOIN copy_of c ON c.release_id = r.id"
        )
    columns = ", ".join(f'"{_column(field)}"' for field in model._meta.concrete_fields)
    cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {', '.join(values)} {source} {' '.join(joins)}")


def _value(field: models.Field[Any, Any]) -> str:
    column = f't."{_column(field)}"'
    if field.primary_key and isinstance(field, models.AutoField | models.IntegerField):
        return f"{column} + {_offset()}"
    if isinstance(field, models.DateTimeField):
        return f"{column} - c.back"
    if isinstance(field, models.UUIDField):
        return "gen_random_uuid()" if field.unique else column
    if isinstance(field, models.JSONField):
        return f"{_reworded(f'{column}::text')}::jsonb"
    if isinstance(field, models.CharField | models.TextField):
        text = _reworded(column)
        return f"'copy-' || c.k || '-' || {text}" if field.unique and field.name == "message_id" else text
    return column


def _reworded(text: str) -> str:
    for number in (1, 2, 3):
        text = f"replace({text}, c.o[{number}], c.n[{number}])"
    return text


STRIDE = 100_000
"""More rows than any table of the story has: copy k's keys are the story's plus k times this."""


def _offset() -> str:
    return f"c.k * {STRIDE}"


def _column(field: Any) -> str:
    return str(field.column)


def _numbered(model: Table) -> bool:
    key = model._meta.pk
    return isinstance(key, models.AutoField | models.IntegerField | models.ForeignKey)


def _has_stream(model: Table) -> bool:
    return any(field.name == "stream" for field in model._meta.concrete_fields)


# --- lines ----------------------------------------------------------------------------------------------


def _lines(cursor: Any, size: Size) -> None:
    """The recent runs' first lines as the story has them, then log lines until there are enough."""
    # Checked at once for all lines below, instead of one by one.
    cursor.execute("ALTER TABLE deployments_progressline DROP CONSTRAINT progressline_run")
    _first_lines(cursor, max(1, (size.lines - size.watched) // size.releases))
    watched = DeploymentRun.objects.get(state=RunState.RUNNING)
    _pad(cursor, f"SELECT id, {size.watched} FROM deployments_deploymentrun WHERE id = {watched.pk}")
    missing = size.lines - ProgressLine.objects.count()
    if missing > 0:
        _pad(
            cursor,
            f"SELECT id, n FROM (SELECT id, {missing} / count(*) OVER () "
            f"+ (row_number() OVER () <= mod({missing}, count(*) OVER ()))::int AS n "
            f"FROM ({_padded(watched)}) runs) spread",
        )
    cursor.execute(
        f"UPDATE {ProgressHead._meta.db_table} h SET seq = found.newest FROM "
        "(SELECT run_id, max(seq) AS newest FROM deployments_progressline GROUP BY run_id) found "
        "WHERE found.run_id = h.run_id"
    )
    cursor.execute(
        "ALTER TABLE deployments_progressline ADD CONSTRAINT progressline_run "
        "FOREIGN KEY (run_id) REFERENCES deployments_deploymentrun (id)"
    )


def _first_lines(cursor: Any, each: int) -> None:
    columns = [f for f in ProgressLine._meta.concrete_fields if not f.primary_key]
    values = ", ".join(
        f"t.run_id + {_offset()}" if field.name == "run" else _value(field) for field in columns
    )
    names = ", ".join(_column(field) for field in columns)
    cursor.execute(
        f"INSERT INTO deployments_progressline ({names}) SELECT {values} FROM ("
        "SELECT l.*, o.release_id, row_number() OVER (PARTITION BY o.release_id ORDER BY l.id) AS place "
        "FROM deployments_progressline l JOIN owner o "
        "ON o.model = 'deployments_deploymentrun' AND o.id = l.run_id) t "
        "JOIN copy_of c ON c.release_id = t.release_id "
        "WHERE t.place <= %s AND c.back <= make_interval(days => %s)",
        [each, LINES_DAYS],
    )


def _padded(watched: DeploymentRun) -> str:
    """Production runs that get more lines: of recent copies, or of all releases where these are few."""
    runs = (
        "SELECT production_run_id AS id FROM releases_release WHERE production_run_id IS NOT NULL "
        f"AND production_run_id <> {watched.pk}"
    )
    recent = f"{runs} AND production_run_id > {STRIDE} AND created_at > now() - interval '{LINES_DAYS} days'"
    enough = f"(SELECT count(*) >= {FEWEST_RUNS} FROM ({recent}) counted)"
    return f"{recent} AND {enough} UNION ALL {runs} AND NOT {enough}"


def _pad(cursor: Any, runs: str) -> None:
    """`runs` gives (run, how many): log lines after its newest, as a service writes them."""
    cursor.execute(
        "INSERT INTO deployments_progressline (run_id, seq, at, kind, level, region, source, text, data) "
        "SELECT w.id, w.newest + g, w.last + g * interval '20 milliseconds', %s, "
        "CASE WHEN mod(g, 97) = 0 THEN 'warning' ELSE 'info' END, 'eu-central', 'patient-web', "
        "'GET /api/slots?day=' || mod(g, 28) || ' 200 in ' || 40 + mod(g * 37, 211) || ' ms, request ' "
        "|| w.newest + g, '{}' FROM (SELECT runs.id, runs.n, coalesce(max(l.seq), 0) AS newest, "
        "coalesce(max(l.at), min(r.started_at), now()) AS last "
        f"FROM ({runs}) AS runs (id, n) JOIN deployments_deploymentrun r ON r.id = runs.id "
        "LEFT JOIN deployments_progressline l ON l.run_id = runs.id "
        "GROUP BY runs.id, runs.n) w, generate_series(1, w.n) g",
        [LineKind.LOG.value],
    )


# --- events ---------------------------------------------------------------------------------------------


def _events(copies: Sequence[Copy], size: Size) -> None:
    """Each copy's stream, chained as any other event."""
    there = Event.objects.count()
    each, more = divmod(max(0, size.events - there), max(1, len(copies)))
    told = {
        release.pk: (release.stream, [_told(event) for event in _events_of(release)])
        for release in Release.objects.filter(pk__in={copy.release for copy in copies})
    }
    for months in range(12 * YEARS + 1):
        partitions.make(clock.now() - timedelta(days=30.4 * months))
    oldest_first = sorted(copies, key=lambda copy: copy.back, reverse=True)
    _chain.load(
        (
            _said(told[copy.release][0], copy),
            _stream(told[copy.release][1], copy, each + (copy.number <= more)),
        )
        for copy in oldest_first
    )


def _events_of(release: Release) -> Iterable[Event]:
    return Event.objects.filter(stream=release.stream).order_by("seq")


def _told(event: Event) -> _chain.Told:
    before, after, data = (
        None if document is None else canonical.dumps(document).decode()
        for document in (event.before, event.after, event.data)
    )
    return _chain.Told(event.kind, event.actor, event.at, event.reason, before, after, data or "{}")


def _stream(told: Sequence[_chain.Told], copy: Copy, count: int) -> Iterator[_chain.Told]:
    """`count` events of a copied release: the story's, told again from the front when it has fewer."""
    spoken = [
        replace(
            event,
            at=event.at - copy.back,
            reason=_said(event.reason, copy),
            before=event.before and _said(event.before, copy),
            after=event.after and _said(event.after, copy),
            data=_said(event.data, copy),
        )
        for event in told
    ]
    at = spoken[0].at
    for event in islice(cycle(spoken), count):
        at = max(at, event.at)
        yield replace(event, at=at)


def _said(text: str, copy: Copy) -> str:
    for old, new in copy.words.items():
        text = text.replace(old, new)
    return text


def _set_sequences(cursor: Any) -> None:
    """The next row of every table gets a key after all of these."""
    for model in apps.get_models():
        key = model._meta.pk
        if isinstance(key, models.AutoField):
            table = model._meta.db_table
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 1)) FROM {table}"
                if key.column == "id"
                else "SELECT 1"
            )
