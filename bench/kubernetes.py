"""`./portal bench kubernetes [PART …]`: a release of five components on a real API server.

Parts: `run` (beside a script that applies the same objects, waits and patches the route), `back` (from the
accepted abort to the written route), `many` (20 runs at once on one worker) and `killed` (the worker
killed after every step). Without a name all of them run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

# This file has the name of the client library and must not be found in its place.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.remove(str(Path(__file__).resolve().parent))

from bench import _place
from bench._cluster import Bench, bench, content_of, ended, megabytes, waiting, worker

PARTS = ("run", "back", "many", "killed")
ROUNDS, MANY = 3, 21
"""21 environments: one goes alone for the comparison, 20 at once."""
MOST = {"ratio": 1.5, "back": 0.5, "many": 3.0, "memory": 250.0, "resumed": 10.0}
ROUTES = "gateway.networking.k8s.io/v1/httproutes"


def main() -> None:
    """Print one table a part."""
    parser = argparse.ArgumentParser(prog="bench kubernetes", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    wanted = parser.parse_args().parts or PARTS
    with _place.own_place() as folder, bench() as made:
        for part in PARTS:
            if part in wanted:
                {"run": one_run, "back": way_back, "many": many_runs, "killed": killed}[part](made, folder)


def one_run(made: Bench, folder: Path) -> None:
    """The engine's run beside a script, in turn."""
    engine, script, calls = [], [], []
    with worker(folder):
        where = made.environment("single")
        first = ended(made.queue(where, "1.0.0"))
        made.close(first)
        for number in range(ROUNDS):
            before = len(made.plane.audit_log())
            began = time.monotonic()
            run = ended(made.queue(where, f"2.{number}.0"))
            engine.append(time.monotonic() - began)
            calls.append(len(made.plane.audit_log()) - before)
            assert run.state == "succeeded", run.sentence
            made.close(run)
            script.append(by_script(made, f"script{number}"))
    best, other = statistics.median(engine), statistics.median(script)
    told("run: 0 → 25 → 50 → 100 %", f"{best:.2f} s", f"script {other:.2f} s", best / other, MOST["ratio"])
    print(f"  writes to the API server in a run, by everybody: {statistics.median(calls):.0f}")


def by_script(made: Bench, name: str) -> float:
    """What a careful script would do: apply, wait until ready, patch the route; blue is there before."""
    from platforms.kubernetes import names
    from tests.cluster.conftest import make_namespace

    space = make_namespace(made.plane, f"{name}-{int(time.time())}", name)
    _apply(space, name, "blue")
    _wait_ready(space, "blue")
    began = time.monotonic()
    _apply(space, name, "green")
    _wait_ready(space, "green")
    for weight in (25, 50, 100):
        refs = [
            {"name": f"web-{slot}", "port": 8080, "weight": share}
            for slot, share in (("green", weight), ("blue", 100 - weight))
        ]
        body = {"apiVersion": names.ROUTE.api_version, "kind": "HTTPRoute", "metadata": {"name": "web"},
                "spec": {"parentRefs": [{"name": "edge"}], "rules": [{"backendRefs": refs}]}}  # fmt: skip
        _send(space, names.ROUTE, body)
        waiting(lambda: _taken(space), 20)
    return time.monotonic() - began


def _apply(space: Any, environment: str, slot: str) -> None:
    from platforms.kubernetes import names

    objects = content_of(environment, slot)["objects"][environment]
    for item in (item for found in objects.values() for item in found):
        text = json.dumps(item).replace(names.SLOT_PLACEHOLDER, slot).replace(names.RELEASE_PLACEHOLDER, "v1")
        _send(space, names.kind_of(item), json.loads(text))


def _send(space: Any, kind: Any, body: dict[str, Any]) -> None:
    path = kind.path(space.name, body["metadata"]["name"]) + "?fieldManager=script&force=true"
    space.plane.call("PATCH", path, body, "application/apply-patch+yaml")


def _wait_ready(space: Any, slot: str) -> None:
    def ready() -> bool:
        found = [d for d in space.get("apps/v1/deployments")["items"] if d["metadata"]["name"].endswith(slot)]
        return all((d["status"].get("readyReplicas") or 0) >= d["spec"]["replicas"] for d in found)

    waiting(ready, 60)


def _taken(space: Any) -> bool:
    (route,) = space.get(ROUTES)["items"]
    parents = route.get("status", {}).get("parents", [])
    now = route["metadata"]["generation"]
    return bool(parents) and all(c["observedGeneration"] == now for p in parents for c in p["conditions"])


def way_back(made: Bench, folder: Path) -> None:
    """From the moment at which an abort is accepted until the API server has the route."""
    from deployments import queries
    from deployments.services import steer
    from tests.deployments.engine import ACTOR

    took = []
    with worker(folder):
        where = made.environment("returning")
        first = ended(made.queue(where, "1.0.0"))
        made.close(first)
        space = made.spaces["returning"]
        for number in range(ROUNDS):
            run = made.queue(where, f"2.{number}.0")
            waiting(lambda: _weight(space, run.slot) >= 25, 60, run)  # noqa: B023
            steer.abort(run.pk, actor=ACTOR, reason="bench")
            began = time.monotonic()
            waiting(lambda: _weight(space, run.slot) == 0, 60, run)  # noqa: B023
            took.append(time.monotonic() - began)
            ended(run)
            waiting(lambda: not queries.unclosed_runs(where).exists(), 60)
    told("back: abort accepted to route written", f"{max(took):.2f} s", "worst of 3", max(took), MOST["back"])


def _weight(space: Any, slot: str) -> int:
    routes = space.get(ROUTES)["items"]
    refs = [ref for route in routes for ref in route["spec"]["rules"][0]["backendRefs"]]
    return sum(ref["weight"] for ref in refs if ref["name"].endswith(slot))


def many_runs(made: Bench, folder: Path) -> None:
    """So many environments at once, each on its way from blue to green."""
    with worker(folder) as child:
        places = [made.environment(f"many{number}") for number in range(MANY)]
        for run in [made.queue(place, "1.0.0") for place in places]:
            ended(run)
        alone = time.monotonic()
        ended(made.queue(places[0], "2.0.0"))
        alone = time.monotonic() - alone
        began = time.monotonic()
        runs = [made.queue(place, "2.0.0") for place in places[1:]]
        done = [ended(run) for run in runs]
        took = time.monotonic() - began
        memory = megabytes(child.pid)
    good = sum(run.state == "succeeded" for run in done)
    told(
        f"many: {len(runs)} runs at once, {good} succeeded",
        f"{took:.1f} s",
        f"one {alone:.1f} s",
        took / alone,
        MOST["many"],
    )
    told("many: memory of the worker", f"{memory:.0f} MB", "PSS", memory, MOST["memory"])


def killed(made: Bench, folder: Path) -> None:
    """SIGKILL after each step; how long until somebody has the run again, and what the route went through."""
    from deployments import queries

    where = made.environment("killed")
    with worker(folder):
        made.close(ended(made.queue(where, "1.0.0")))
    before = len(made.plane.audit_log())
    run, resumed, seen = made.queue(where, "2.0.0"), [], -1
    while queries.run(run.pk).state in ("queued", "running"):
        with worker(folder):
            began, fence = time.monotonic(), queries.run(run.pk).fence
            waiting(lambda: queries.run(run.pk).fence > fence or _over(run), 60, run)  # noqa: B023
            resumed.append(time.monotonic() - began)
            waiting(lambda: _done(run) > seen or _over(run), 60, run)  # noqa: B023
            seen = _done(run)
    weights = _history(made, before, run.slot)
    jumps = weights != sorted(weights)
    told(
        f"killed {len(resumed) - 1} times: resumed within",
        f"{max(resumed):.1f} s",
        "worst, worker ready",
        max(resumed),
        MOST["resumed"],
    )
    print(f"  green's weights as the API server was asked: {weights}{' JUMP !' if jumps else ''}")


def _over(run: Any) -> bool:
    from deployments import queries

    return queries.run(run.pk).state not in ("queued", "running")


def _done(run: Any) -> int:
    return int(run.steps.filter(state="done").count())


def _history(made: Bench, since: int, slot: str) -> list[int]:
    """Green's weight in every write of the route, in order, repeats left out."""
    found: list[int] = []
    for entry in made.plane.audit_log()[since:]:
        body = entry.get("requestObject") or {}
        if entry["objectRef"]["resource"] != "httproutes" or "rules" not in (body.get("spec") or {}):
            continue
        weight = sum(r["weight"] for r in body["spec"]["rules"][0]["backendRefs"] if r["name"].endswith(slot))
        if not found or found[-1] != weight:
            found.append(weight)
    return found


def told(what: str, figure: str, beside: str, value: float, most: float) -> None:
    """One line; one that breaks its limit ends in `!`."""
    print(
        f"{what:48} {figure:>9}  {beside:22} {value:7.2f} of {most:g}{'' if value <= most else ' !'}",
        flush=True,
    )


if __name__ == "__main__":
    main()
