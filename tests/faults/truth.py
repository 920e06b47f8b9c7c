"""What must hold whatever was struck: read from the database, the proxies' own logs, the post and the jobs.

Each check gives sentences about what is wrong; none means that nothing was lost, doubled or left.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from tests.faults.ground import jobs
from tests.faults.releases import ENDS, Told
from tests.faults.watcher import Watcher
from tests.notifications.mail_server import Postbox

RUNS = (
    "SELECT r.id, r.state, r.slot, r.subject, e.name, b.slot FROM deployments_deploymentrun r "
    "JOIN deployments_environment e ON e.id = r.environment_id "
    "LEFT JOIN deployments_deploymentrun b ON b.id = r.blue_id WHERE r.kind = 'deploy' ORDER BY r.id"
)
NO_GAP = {
    "progress of run": "SELECT h.run_id, h.seq, count(l.id), max(l.seq), count(DISTINCT l.seq) "
    "FROM deployments_progresshead h LEFT JOIN deployments_progressline l ON l.run_id = h.run_id "
    "GROUP BY 1, 2 HAVING h.seq <> count(l.id) OR h.seq <> coalesce(max(l.seq), 0) "
    "OR count(l.id) <> count(DISTINCT l.seq)",
    "events of": "SELECT h.stream, h.seq, count(e.id), max(e.seq), count(DISTINCT e.seq) "
    "FROM events_stream_head h LEFT JOIN events_event e ON e.stream = h.stream "
    "GROUP BY 1, 2 HAVING h.seq <> count(e.id) OR h.seq <> max(e.seq)",
}
NOT_ONCE = {
    "a step told as done": "SELECT data->>'run', data->>'step', count(*) FROM events_event "
    "WHERE kind = 'run.step_done' GROUP BY 1, 2 HAVING count(*) > 1",
    "the start of a run": "SELECT data->>'run', after->>'run', count(*) FROM events_event "
    "WHERE kind = 'run.started' GROUP BY 1, 2 HAVING count(*) > 1",
    "the end of a run": "SELECT after->>'run', count(*) FROM events_event WHERE kind IN ('run.succeeded', "
    "'run.failed', 'run.cancelled', 'run.rolled_back') GROUP BY after->>'run', kind HAVING count(*) > 1",
    "a line of a component": "SELECT run_id, region, source, data->>'position', count(*) "
    "FROM deployments_progressline WHERE kind = 'log' AND data ? 'position' "
    "GROUP BY 1, 2, 3, 4 HAVING count(*) > 1",
}
CHAIN = (
    "SELECT stream, seq FROM (SELECT stream, seq, previous_hash, lag(hash) OVER w AS former "
    "FROM events_event WINDOW w AS (PARTITION BY stream ORDER BY seq)) t "
    "WHERE seq > 1 AND previous_hash <> former"
)


class Truth:
    """Everything that can be asked of one installation while its database answers."""

    def __init__(self, data: Path, folder: Path, told: Told, box: Postbox) -> None:
        self._data = data
        self._folder = folder
        self._told = told
        self._box = box

    def wrong(self, watchers: Sequence[Watcher]) -> list[str]:
        """Every sentence about what does not hold."""
        address = json.loads((self._data / "environment.json").read_text())["DATABASE_URL"]
        with psycopg.connect(address) as connection:
            runs = connection.execute(RUNS).fetchall()
            return [
                *self._ends(runs),
                *_counted(connection),
                *self._signatures(connection),
                *self._starts(connection),
                *self._weights(runs),
                *self._jobs(),
                *self._post(connection),
                *_pages(connection, watchers),
            ]

    def _ends(self, runs: Sequence[tuple[Any, ...]]) -> Iterator[str]:
        for run, state, _, subject, environment, _ in runs:
            if state not in ENDS:
                yield f"run {run} of {subject} to {environment} is {state}: no end"

    def _signatures(self, connection: psycopg.Connection[Any]) -> Iterator[str]:
        query = (
            "SELECT g.stream, s.role FROM approvals_signoff s JOIN approvals_gate g ON g.id = s.gate_id "
            "WHERE s.answer = 'go'"
        )
        kept = Counter(connection.execute(query).fetchall())
        for version, role in self._told.signatures:
            count = kept[f"release/{version}", role]
            if count != 1:
                yield f"the signature of {role} on {version} was acknowledged once and is there {count} times"

    def _starts(self, connection: psycopg.Connection[Any]) -> Iterator[str]:
        query = (
            "SELECT subject, count(*) FROM deployments_deploymentrun WHERE kind = 'deploy' GROUP BY subject"
        )
        for subject, count in connection.execute(query).fetchall():
            wanted = len(set(self._told.runs.get(subject, ())))
            if count != wanted:
                yield f"{subject} was started {wanted} times and has {count} runs"

    def _weights(self, runs: Sequence[tuple[Any, ...]]) -> Iterator[str]:
        """Each change of weights once, in the proxy's own words; what a new proxy took up again aside."""
        for log in sorted((self._data / "agent" / "targets").glob("*/*/weights.log")):
            changes = _changes(log)
            for former, entry in pairwise(changes):
                if entry["weights"] == former["weights"]:
                    yield f"{log.parent}: {entry['weights']} was applied twice ({entry['who']})"
                if entry["fence"] < former["fence"]:
                    yield f"{log.parent}: fence {entry['fence']} after {former['fence']}"
            yield from _too_often(log, changes, [run for run in runs if run[4] == log.parts[-3]])

    def _jobs(self) -> Iterator[str]:
        for place in sorted(jobs(self._folder).glob("*/")):
            done = (place / "done").read_text().split() if (place / "done").exists() else []
            for job, count in Counter(done).items():
                if count > 1:
                    yield f"job {job} of {place.name} was done {count} times"
            if (place / "overlaps").exists():
                yield f"workers of two colours at once in {place.name}: {(place / 'overlaps').read_text()!r}"

    def _post(self, connection: psycopg.Connection[Any]) -> Iterator[str]:
        kept = dict(connection.execute("SELECT message_id, state FROM notifications_message").fetchall())
        arrived: Counter[str] = Counter()
        for mail in self._box.mails:
            arrived[str(mail["Message-ID"])] += 1
            if arrived[str(mail["Message-ID"])] > 1 and mail["X-HMHP-Repeated"] is None:
                yield f"{mail['Message-ID']} came again without a mark"
        for name in arrived:
            if name not in kept:
                yield f"{name} arrived and is not in the outbox: a second Message-ID for one message"
        for name, state in kept.items():
            if state == "sent" and not arrived[name]:
                yield f"{name} is sent and never arrived"
            if state in ("waiting", "sending", "failed"):
                yield f"{name} is still {state}"


def _counted(connection: psycopg.Connection[Any]) -> Iterator[str]:
    for what, query in NO_GAP.items():
        for row in connection.execute(query).fetchall():
            yield f"{what} {row[0]}: the head says {row[1]}, there are {row[2]} up to {row[3]}"
    for what, query in NOT_ONCE.items():
        for row in connection.execute(query).fetchall():
            yield f"{what} is there {row[-1]} times: {row[:-1]}"
    for row in connection.execute(CHAIN).fetchall():
        yield f"the chain of {row[0]} breaks at {row[1]}"


def _changes(log: Path) -> list[dict[str, Any]]:
    """The log without what a proxy or agent took up again after a start."""
    found: list[dict[str, Any]] = []
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        again = entry["who"] == "agent, after a start"
        if again and found and found[-1]["weights"] == entry["weights"]:
            continue
        found.append(entry)
    return found


def _too_often(
    log: Path, changes: Sequence[dict[str, Any]], runs: Sequence[tuple[Any, ...]]
) -> Iterator[str]:
    """No weights more often than the runs give reason for: once forward, once for each way back to them."""
    times = Counter(json.dumps(entry["weights"], sort_keys=True) for entry in changes)
    for text, count in times.items():
        weights = {slot: weight for slot, weight in json.loads(text).items() if weight}
        backs = sum(run[1] == "rolled_back" and weights == {run[5]: 100} for run in runs)
        forwards = sum(run[2] in weights for run in runs) if len(weights) == 1 else 1
        if count > max(1, forwards) + backs:
            yield f"{log.parent}: {text} {count} times, for {forwards} ways forward and {backs} back"


def _pages(connection: psycopg.Connection[Any], watchers: Sequence[Watcher]) -> Iterator[str]:
    heads = dict(connection.execute("SELECT run_id, seq FROM deployments_progresshead").fetchall())
    for watcher in watchers:
        if watcher.seen != list(range(1, heads[watcher.run_id] + 1)):
            last = watcher.seen[-1] if watcher.seen else 0
            yield (
                f"the page of run {watcher.run_id} saw {len(watcher.seen)} lines up to {last} of "
                f"{heads[watcher.run_id]} ({watcher.reconnected} times reconnected)"
            )
