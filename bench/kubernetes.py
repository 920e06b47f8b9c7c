"""`./portal bench kubernetes [PART …]`: a release of five components on a real API server.

Parts: `run` (beside a script that applies the same objects, waits and patches the route), `back` (from the
accepted abort to the written route), `many` (20 runs at once on one worker) and `killed` (the worker
killed at every step boundary and on both sides of every write). Without a name all of them run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

# This file has the name of the client library and must not be found in its place.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.remove(str(Path(__file__).resolve().parent))

from bench import _place
from bench._cluster import Bench, bench, ended, megabytes, waiting, worker
from bench._script import ROUTES, Script

PARTS = ("run", "back", "many", "killed")
ROUNDS, MANY = 7, 20
REST_SECONDS = 1.5
"""Before what is timed beside something else: what the last one has left to the cluster is over by then."""

BAKE = 10
"""Seconds at each weight where so many runs go at once; a release that is watched for less is no release."""

MOST = {"ratio": 1.5, "back": 0.5, "many": 3.0, "memory": 250.0, "resumed": 10.0}


def main() -> None:
    """Print one table a part."""
    parser = argparse.ArgumentParser(prog="bench kubernetes", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    wanted = parser.parse_args().parts or PARTS
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with _place.own_place(pages=False) as folder, bench() as made:
        for part in PARTS:
            if part in wanted:
                {"run": one_run, "back": way_back, "many": many_runs, "killed": killed}[part](made, folder)


def one_run(made: Bench, folder: Path) -> None:
    """The engine's run beside a script, in turn; both begin with rendered objects and end in one state."""
    from tests.cluster import five

    engine, script, handing, calls, scripted = [], [], [], [], []
    with worker(folder):
        where = made.environment("single")
        made.close(ended(five.queue(where, "1.0.0")))
        for number in range(ROUNDS):
            content = five.content_of(where.name, f"2.{number}.0")
            time.sleep(REST_SECONDS)
            mark, began = made.plane.audit_mark(), time.monotonic()
            run = ended(five.queue(where, f"2.{number}.0", content=content))
            engine.append(time.monotonic() - began)
            calls.append(_calls(made.plane.audit_log(mark)))
            assert run.state == "succeeded", run.sentence
            made.close(run)
            by_hand = Script(made.place(f"script{number}"))
            by_hand.blue(five.content_of(by_hand.space.environment, "blue"))
            green = five.content_of(by_hand.space.environment, "green")
            time.sleep(REST_SECONDS)
            seconds, of_it = by_hand.run(green)
            script.append(seconds)
            handing.append(of_it)
            scripted.append(by_hand.calls)
    best, other = statistics.median(engine), statistics.median(script)
    told("run: 0 → 25 → 50 → 100 %", f"{best:.2f} s", f"script {other:.2f} s", best / other, MOST["ratio"])
    print(f"  each round: {_seconds(engine)}; script {_seconds(script)}, of it hand-over {_seconds(handing)}")
    middle = sorted(calls, key=lambda found: found.total())[len(calls) // 2]
    verbs = ", ".join(f"{verb} {count}" for verb, count in middle.most_common())
    print(f"  the portal's API calls in a run, reads too: {middle.total()} ({verbs})")
    print(f"  the script's: {statistics.median(scripted):.0f}")


def _calls(entries: list[dict[str, Any]]) -> Counter[str]:
    """What the portal's own account asked for, by verb; a dry run apart."""
    found: Counter[str] = Counter()
    for entry in entries:
        if entry["user"]["username"].startswith("system:serviceaccount:"):
            found[entry["verb"] + (" (dry run)" if "dryRun=" in entry["requestURI"] else "")] += 1
    return found


def _seconds(values: list[float]) -> str:
    return " ".join(f"{value:.2f}" for value in values) + " s"


def way_back(made: Bench, folder: Path) -> None:
    """From the moment at which an abort is accepted until the API server has the route."""
    from deployments import queries
    from deployments.services import steer
    from tests.cluster import five
    from tests.deployments.engine import ACTOR

    took = []
    with worker(folder):
        where = made.environment("returning")
        made.close(ended(five.queue(where, "1.0.0")))
        space = made.spaces["returning"]
        for number in range(ROUNDS):
            run = five.queue(where, f"2.{number}.0", bake=60)
            waiting(lambda: _weight(space, run.slot) >= 25, 60, run)  # noqa: B023
            steer.abort(run.pk, actor=ACTOR, reason="bench")
            began = time.monotonic()
            waiting(lambda: _weight(space, run.slot) == 0, 60, run)  # noqa: B023
            took.append(time.monotonic() - began)
            ended(run)
            waiting(lambda: not queries.unclosed_runs(where).exists(), 60)
    worst = f"worst of {len(took)}"
    told("back: abort accepted to route written", f"{max(took):.2f} s", worst, max(took), MOST["back"])


def _weight(space: Any, slot: str) -> int:
    routes = space.get(ROUTES)["items"]
    refs = [ref for route in routes for ref in route["spec"]["rules"][0]["backendRefs"]]
    return sum(ref["weight"] for ref in refs if ref["name"].endswith(slot))


def many_runs(made: Bench, folder: Path) -> None:
    """So many environments at once, each on its way from blue to green, as releases are: watched in between.

    The same without any watching is told too: then nobody waits for anything but the machine's processors.
    """
    from tests.cluster import five

    with worker(folder) as child:
        places = [made.environment(f"many{number}") for number in range(MANY)]
        for run in [five.queue(place, "1.0.0") for place in places]:
            made.close(ended(run))
        for bake, version in ((BAKE, 2), (0, 4)):
            alone, _ = _at_once(made, places[:1], f"{version}.0.0", bake)
            took, done = _at_once(made, places, f"{version + 1}.0.0", bake)
            good = sum(run.state == "succeeded" for run in done)
            what = f"many: {len(done)} at once, {good} succeeded, bake {bake} s"
            if bake:
                told(what, f"{took:.1f} s", f"one {alone:.1f} s", took / alone, MOST["many"])
            else:
                print(
                    f"{what:48} {took:7.1f} s  one {alone:.1f} s; {took / len(done):.2f} s of machine a run"
                )
        memory = megabytes(child.pid)
    told("many: memory of the worker", f"{memory:.0f} MB", "PSS", memory, MOST["memory"])


def _at_once(made: Bench, places: list[Any], version: str, bake: int) -> tuple[float, list[Any]]:
    """Seconds until all of them have ended, and the runs; their way back is closed after."""
    from tests.cluster import five

    contents = [five.content_of(place.name, version) for place in places]
    began = time.monotonic()
    runs = [
        five.queue(p, version, bake=bake, content=content)
        for p, content in zip(places, contents, strict=True)
    ]
    done = [ended(run) for run in runs]
    took = time.monotonic() - began
    for run in done:
        made.close(run)
    return took, done


def killed(made: Bench, folder: Path) -> None:
    """SIGKILL at every instant that matters: how long until another has the run, and what the route saw."""
    from deployments import queries
    from tests.cluster import five
    from tests.cluster.dying_worker import INSTANTS

    where, fate = made.environment("killed"), folder / "died"
    with worker(folder):
        made.close(ended(five.queue(where, "1.0.0")))
    mark = made.plane.audit_mark()
    run, resumed, since = five.queue(where, "2.0.0"), [], None
    while not _over(run):
        fence = queries.run(run.pk).fence
        with worker(folder, dying=(str(fate), ",".join(INSTANTS)), wait=False) as child:
            waiting(lambda: queries.run(run.pk).fence > fence or _over(run), 120, run)  # noqa: B023
            if since is not None:
                resumed.append(time.monotonic() - since)
            waiting(lambda: child.poll() is not None or _over(run), 120, run)
            since = time.monotonic()
    for where_, seconds in zip(fate.read_text().splitlines(), resumed, strict=False):
        print(f"  killed {where_:36} {seconds:6.1f} s until another had it")
    weights = five.route_weights(made.plane.audit_log(mark), made.spaces["killed"].name, run.slot)
    print(
        f"  green's weights as the API server was asked: {weights}{'' if weights == [25, 50, 100] else ' !'}"
    )
    what = f"killed {len(resumed)} times: from death to taken over"
    told(what, f"{max(resumed):.1f} s", "worst, restart included", max(resumed), MOST["resumed"])


def _over(run: Any) -> bool:
    from deployments import queries
    from tests.cluster.five import ENDS

    return queries.run(run.pk).state in ENDS


def told(what: str, figure: str, beside: str, value: float, most: float) -> None:
    """One line; one that breaks its limit ends in `!`."""
    print(
        f"{what:48} {figure:>9}  {beside:22} {value:7.2f} of {most:g}{'' if value <= most else ' !'}",
        flush=True,
    )


if __name__ == "__main__":
    main()
