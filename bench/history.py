"""`./portal bench history [--sizes 2500,5000,10000] [--rounds N] [--json]`: five years of a busy team.

Each size has a hundred events and five hundred progress lines to a release. Every question is asked of
each size in turn, and beside it a bare view (one row by its key, same client); what counts is the growth
from one size to the next. Then a month of old progress is dropped, beside a DELETE of as many lines.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _place

EVENTS, LINES = 100, 500
"""To a release: 10,000 releases have 1,000,000 events and 5,000,000 lines."""
MOST_GROWTH = 1.3
"""Times per doubling of the history; what walks through all of it would double."""
BARE = "bare view"
Asked = dict[str, Callable[[], object]]


def questions(machine_token: str, session: str) -> Asked:
    """What is asked of every size; the same addresses, since the story is in all of them."""
    from django.conf import settings
    from django.test import Client, override_settings

    from bench._story import LIVES
    from deployments.models import DeploymentRun
    from deployments.services import sweep as runs
    from deployments.states import RunState
    from notifications.services import reading
    from releases.models import Release
    from releases.services import sweep as releases
    from releases.states import ReleaseState

    of = {life.state: life.version for life in LIVES}
    run = DeploymentRun.objects.get(state=RunState.RUNNING)
    client = Client(headers={"host": "localhost"})
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    machine = Client(headers={"host": "localhost", "authorization": f"Bearer {machine_token}"})

    def page(path: str, by: Client = client) -> Callable[[], object]:
        def ask() -> object:
            answer = by.get(path)
            assert answer.status_code == 200, f"{path}: {answer.status_code}"
            return answer

        return ask

    bare = page(f"/api/v1/bare/{Release.objects.get(version=of[ReleaseState.REVIEW]).pk}/", machine)
    return {
        BARE: override_settings(ROOT_URLCONF="bench._bare_urls")(bare),
        "board": page("/"),
        "search": page("/releases/?q=calendar"),
        "search, a version": page("/releases/?q=2026.5"),
        "timeline of a release": page(f"/releases/{of[ReleaseState.COMPLETED]}/history/"),
        "timeline of all": page("/audit/"),
        "run with 10,000 lines": page(f"/deployments/{run.pk}/"),
        "its progress, the middle": page(f"/api/v1/deployments/{run.pk}/progress/?after=5000", machine),
        "sweep of runs": runs.sweep,
        "sweep of releases": releases.sweep,
        "sweep of mail": lambda: reading.read(deliver=False),
    }


def ask_all(
    names: dict[int, str], rounds: int, machine_token: str, session: str
) -> dict[str, dict[int, float]]:
    """The middle time of each question at each size, in milliseconds; sizes in turn."""
    from django.core.signals import request_finished, request_started
    from django.db import close_old_connections

    for signal in (request_started, request_finished):  # the connection is switched between the sizes
        signal.disconnect(close_old_connections)
    asked = questions(machine_token, session)
    times: dict[str, dict[int, list[float]]] = {what: {size: [] for size in names} for what in asked}
    for _ in range(rounds):
        for size, name in names.items():
            _place.use(name)
            for what, ask in asked.items():
                ask()  # plans and caches are warm
                times[what][size] += [_timed(ask) for _ in range(3)]
    return {
        what: {size: statistics.median(found) for size, found in sizes.items()}
        for what, sizes in times.items()
    }


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def retention() -> dict[str, Any]:
    """Drop what is older than ninety days, beside a DELETE of the same lines (taken back)."""
    from django.db import connection, transaction

    from deployments.models import ProgressLine
    from deployments.services import keeping

    before, count = _files(), ProgressLine.objects.count()
    limit = max(end for _, end in keeping.days() if end <= _limit())
    with transaction.atomic(), connection.cursor() as cursor:
        delete_ms = _timed(
            lambda: cursor.execute("DELETE FROM deployments_progressline WHERE at < %s", [limit])
        )
        deleted = cursor.rowcount
        transaction.set_rollback(True)
    cleared: list[keeping.Cleared] = []
    drop_ms = _timed(lambda: cleared.append(keeping.clear_old_progress()))
    after = _files()
    gone = {name for name in before if name not in after}
    return {
        "lines": count,
        "lines_gone": count - ProgressLine.objects.count(),
        "partitions": len(cleared[0].dropped),
        "deleted_of_other_days": cleared[0].deleted,
        "drop_ms": drop_ms,
        "delete_ms": delete_ms,
        "deleted": deleted,
        "ratio": delete_ms / drop_ms,
        "rewritten": sorted(name for name in after if before.get(name) != after[name]),
        "files_gone": len(gone),
    }


def _limit() -> Any:
    from datetime import timedelta

    from deployments.services import keeping
    from events import clock

    return clock.now() - timedelta(days=keeping.KEEP_DAYS)


def _files() -> dict[str, int]:
    """Tables and indexes of progress with the file that each lies in: one that is rewritten gets another."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relfilenode FROM pg_class WHERE relname LIKE 'deployments_progressline_%'"
        )
        return {str(name): int(number) for name, number in cursor.fetchall()}


def measure(sizes: list[int], rounds: int) -> dict[str, Any]:
    """All of it, in a place of its own."""
    from django.db import connection

    from bench import _history, _story
    from bench.api import token

    _story.tell()
    # Made before the copies, so that every one of them knows both.
    machine_token, session = token(), _place.session_of("rita")
    told, names, made = str(connection.settings_dict["NAME"]), {}, {}
    for size in sizes:
        names[size] = f"{told}_{size}"
        _place.database_from(told, names[size])
        began = time.monotonic()
        _history.make(_history.Size(size, size * EVENTS, size * LINES, watched=10_000))
        made[size] = time.monotonic() - began
        print(f"{size:,} releases made in {made[size]:.0f} s", file=sys.stderr, flush=True)
    found = ask_all(names, rounds, machine_token, session)
    _place.use(names[sizes[-1]])
    return {
        "sizes": sizes,
        "made_seconds": made,
        "ms": found,
        "growth": {what: growth(of) for what, of in found.items()},
        "retention": retention(),
        "load": os.getloadavg(),
    }


def growth(of: dict[int, float]) -> list[float]:
    """From each size to the next."""
    return [later / earlier for earlier, later in pairwise(of.values())]


def show(found: dict[str, Any]) -> None:
    """The tables for people."""
    sizes = found["sizes"]
    print(f"\n{'':28}" + "".join(f"{f'{size:,}':>12}" for size in sizes) + f"{'growth':>14}{'of bare':>9}")
    for what, of in found["ms"].items():
        grown = found["growth"][what]
        mark = "" if max(grown, default=1.0) <= MOST_GROWTH else "  !"
        times = "".join(f"{of[size]:>9.1f} ms" for size in sizes)
        ratio = of[sizes[-1]] / found["ms"][BARE][sizes[-1]]
        print(f"{what:28}{times}{' '.join(f'{one:.2f}' for one in grown):>14}{ratio:>9.1f}{mark}")
    old = found["retention"]
    print(f"\n{sizes[-1]:,} releases, {sizes[-1] * EVENTS:,} events, {old['lines']:,} progress lines")
    dropped = f"{old['partitions']} days with {old['lines_gone']:,} lines in {old['drop_ms']:.0f} ms"
    deleted = f"{old['deleted']:,} lines in {old['delete_ms']:.0f} ms, {old['ratio']:.0f} times as long"
    print(f"old progress dropped  {dropped}")
    print(f"as a DELETE           {deleted}")
    print(f"files rewritten       {len(old['rewritten'])}; lines deleted {old['deleted_of_other_days']}")
    print("load average          " + " ".join(f"{one:.1f}" for one in found["load"]))


def main() -> int:
    """Run it once and print; 1 when dropping rewrote a table."""
    parser = argparse.ArgumentParser(prog="./portal bench history")
    parser.add_argument("--sizes", default="2500,5000,10000", help="numbers of releases, each twice the last")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with _place.own_place():
        found = measure([int(size) for size in given.sizes.split(",")], given.rounds)
    print(json.dumps(found, indent=1)) if given.json else show(found)
    return int(bool(found["retention"]["rewritten"]))


if __name__ == "__main__":
    sys.exit(main())
