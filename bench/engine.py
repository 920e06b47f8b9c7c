"""`./portal bench engine [--runs 50] [--seconds 20] [--threads N] [--json]`: one worker, many runs.

Each run shifts a second release into an environment of its own, on targets in memory that obey at once, so
that the loop itself is measured: real looks under real leases, in as many threads as a worker has, handed
out without a broker in between. Lag is the time from the moment for which a look was booked to its start; the
burst in which all of them begin at one instant, each with a first look of many moves, is shown apart.
The floor is a lease taken and given back with nothing in between, in as many threads.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _place
from bench.memory import pss

THREADS, SWEEP_SECONDS, AIM_LAG = 6, 0.1, 1.0
SETTLE_SECONDS = 5.0
"""After the burst, until no look is late because of it."""


class Loop:
    """The threads of one worker, and what they did."""

    def __init__(self, threads: int) -> None:
        self.pool = ThreadPoolExecutor(threads)
        self.taken: set[int] = set()
        self.looked: set[int] = set()
        self.lags: list[float] = []
        self.queries = 0
        self.lock = threading.Lock()

    def turn(self) -> None:
        """Hand out what is due, the longest due first; a run is in one thread at a time."""
        from deployments.models import DeploymentRun
        from deployments.services.clockwork import DatabaseClock

        due = DeploymentRun.objects.filter(next_look_at__lte=DatabaseClock()).order_by("next_look_at")
        for run_id, booked in due.values_list("pk", "next_look_at"):
            with self.lock:
                if run_id in self.taken:
                    continue
                self.taken.add(run_id)
            self.pool.submit(self._look, run_id, booked.timestamp())

    def go(self, over: Callable[[], bool]) -> None:
        """Turn until it is over and every look has ended."""
        while not over():
            self.turn()
            time.sleep(SWEEP_SECONDS)
        self.pool.shutdown()

    def _look(self, run_id: int, booked: float) -> None:
        from django.db import connection

        from deployments.services.reconcile import reconcile

        asked = 0

        def count(execute: Callable[..., Any], *given: Any) -> Any:
            nonlocal asked
            asked += 1
            return execute(*given)

        lag = time.time() - booked
        try:
            with connection.execute_wrapper(count):
                reconcile(run_id)
        finally:
            with self.lock:
                self.looked.add(run_id)
                self.lags.append(lag)
                self.queries += asked
                self.taken.discard(run_id)


def measure(runs: int, seconds: float, threads: int) -> dict[str, Any]:
    """So many runs at once for so long."""
    from deployments.models import DeploymentRun, Environment
    from platforms.registry import standing_in
    from tests.deployments.memory_platform import World

    world = World()
    _make(runs)
    places = {
        (name, "here"): world.open("memory", name, "here", "synthetic", {})
        for name in Environment.objects.filter(name__startswith="place-").values_list("name", flat=True)
    }
    with standing_in(places):
        _bring_first(Loop(threads))
        _queue("2")
        burst, began = Loop(threads), time.monotonic()
        burst.go(lambda: len(burst.looked) == runs)
        burst_took, began = time.monotonic() - began, time.monotonic()
        Loop(threads).go(lambda: time.monotonic() - began >= SETTLE_SECONDS)
        loop, began = Loop(threads), time.monotonic()
        loop.go(lambda: time.monotonic() - began >= seconds)
        took = time.monotonic() - began
    lags = sorted(loop.lags)
    looks = len(lags)
    found = {
        "runs": runs,
        "threads": threads,
        "looks": looks,
        "looks_a_second": looks / took,
        "lag_p50": lags[looks // 2],
        "lag_p99": lags[int(looks * 0.99)],
        "queries_a_look": loop.queries / looks,
        "burst": {
            "seconds": burst_took,
            "looks": len(burst.lags),
            "queries": burst.queries / len(burst.lags),
        },
        "memory_mb": pss(os.getpid()),
        "states": sorted(
            set(DeploymentRun.objects.filter(subject__startswith="2.").values_list("state", flat=True))
        ),
        "leases_a_second": _floor(threads),
        "load": os.getloadavg(),
    }
    return found | {"ratio": found["looks_a_second"] / found["leases_a_second"]}


def _make(runs: int) -> None:
    from deployments.models import Environment, Region, Target
    from tests.deployments.engine import STRATEGY, make_ladder

    production = make_ladder()
    Environment.objects.filter(pk=production.pk).update(position=10 + runs)  # no place is the last rung
    here, _ = Region.objects.get_or_create(name="here")
    for number in range(runs):
        environment = Environment.objects.create(
            name=f"place-{number}",
            position=10 + number,
            data_class="synthetic",
            strategy=STRATEGY | {"bake_seconds": 600, "regions": ["here"]},
        )
        Target.objects.create(environment=environment, region=here, driver="memory", data_class="synthetic")


def _queue(major: str) -> None:
    """A release for every place; the second one finds the first serving, and shifts."""
    from deployments.models import Environment
    from tests.deployments.engine import queue

    for number, place in enumerate(Environment.objects.filter(name__startswith="place-").order_by("pk")):
        queue(f"{major}.{number}.0", place.name)


def _bring_first(loop: Loop) -> None:
    """What serves before; not measured."""
    from deployments.models import DeploymentRun
    from deployments.states import RunState

    _queue("1")
    under_way = DeploymentRun.objects.filter(state__in=(RunState.QUEUED, RunState.RUNNING))
    loop.go(lambda: not under_way.exists())
    # Those are only watched from here on; the loop shall have no other work than the runs that it measures.
    DeploymentRun.objects.update(next_look_at=None)


def _floor(threads: int) -> float:
    """Leases that these threads take and give back in a second, doing nothing in between."""
    from deployments.models import DeploymentRun
    from deployments.services import leases

    ids = list(DeploymentRun.objects.order_by("pk").values_list("pk", flat=True))
    until, done = time.monotonic() + 2.0, 0

    def work(own: list[int]) -> int:
        count = 0
        while time.monotonic() < until:
            lease = leases.take(own[count % len(own)])
            if lease is not None:
                leases.release(lease, 600.0)
            count += 1
        return count

    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(work, [ids[number::threads] for number in range(threads)]))
    return done / 2.0


def show(found: dict[str, Any]) -> None:
    """The table for people."""
    states = ", ".join(found["states"])
    print(f"runs at once     {found['runs']} in {found['threads']} threads; they are {states}")
    print(f"looks            {found['looks']}, {found['looks_a_second']:.1f} a second")
    print(f"bare leases      {found['leases_a_second']:.1f} a second, ratio {found['ratio']:.2f}")
    print(f"lag              p50 {found['lag_p50']:.2f} s, p99 {found['lag_p99']:.2f} s (aim {AIM_LAG:.0f})")
    print(f"queries a look   {found['queries_a_look']:.1f}")
    burst = found["burst"]
    print(f"all begin        {burst['looks']} looks within {burst['seconds']:.1f} s, "
          f"{burst['queries']:.0f} queries each")  # fmt: skip
    print(f"memory           {found['memory_mb']:.0f} MB")
    print("load average     " + " ".join(f"{one:.1f}" for one in found["load"]))


def main() -> int:
    """Run it once and print."""
    parser = argparse.ArgumentParser(prog="./portal bench engine")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with _place.own_place(pages=False):
        found = measure(given.runs, given.seconds, given.threads)
    print(json.dumps(found, indent=1) if given.json else "", end="")
    if not given.json:
        show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
