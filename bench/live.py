"""`./portal bench live [--watchers 1000] [--seconds 30] [--burst 1000] [--json]`: many pages on one run.

Lines are written by the service that the engine uses, read by as many sockets in a process of their own, and
counted one by one. The floor is a bare socket server that fans the very frames of the burst to as many
sockets, once just before and once just after; its mean counts. It also sends frames of the steady run at
their pace: that lateness is the client's and the machine's own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _place
from bench.memory import pss
from bench.proxy import processor_seconds

HERE = Path(__file__).resolve().parent
A_SECOND, AT_ONCE = 20, 200
"""Lines a second of a steady run, and lines of one transaction of a burst (as the engine takes output)."""
PACED = 100
"""Frames of the steady run that the bare server sends at their pace."""
AIM_P99_MS, AIM_RATIO = 200.0, 0.3


class Helper:
    """A process that is told what to do by lines of JSON."""

    def __init__(self, file: str, *words: str) -> None:
        self.child = subprocess.Popen(
            [sys.executable, str(HERE / file), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """The next line that it says."""
        assert self.child.stdout is not None
        return self.child.stdout.readline()

    def ask(self, **order: Any) -> dict[str, Any]:
        """One order and its answer; raises RuntimeError when it could not be done."""
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps(order) + "\n")
        self.child.stdin.flush()
        answer = json.loads(self.line() or '{"error": "ended"}')
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return dict(answer)


@contextmanager
def helper(file: str, *words: str) -> Iterator[Helper]:
    """The process for as long as the block runs."""
    made = Helper(file, *words)
    try:
        yield made
    finally:
        made.child.terminate()
        made.child.wait(10)


def write(run: Any, count: int, committed: dict[int, float]) -> int:
    """Append lines in one transaction; their moment of commit is noted before any reader is woken."""
    from django.db import transaction

    from deployments.services.progress import Line
    from deployments.services.progress import write as written
    from deployments.states import LineKind

    noted: list[float] = []
    lines = [
        Line(LineKind.LOG, f"GET /api/slots?day={n % 28} 200 in {40 + n % 211} ms", "eu", "patient-web")
        for n in range(count)
    ]
    with transaction.atomic():
        transaction.on_commit(lambda: noted.append(time.monotonic()))
        newest = written(run, lines)
    committed |= dict.fromkeys(range(newest - count + 1, newest + 1), noted[0])
    return newest


def floor(frames: list[str], cookies: int, first: int, last: int) -> float:
    """Lines a second through a bare server."""
    port = _place.free_port()
    with helper("_bare.py", str(port)) as server, helper("_watchers.py") as crowd:
        server.line()
        crowd.ask(open=f"http://127.0.0.1:{port}/", cookies=["none"] * cookies, after=first - 1)
        began = server.ask(frames=frames, apart=0.0)["began"][0]
        done = crowd.ask(wait=last, seconds=60)
        assert not done["behind"], "the bare server lost something"
        return cookies * (last - first + 1) / (done["all_at"] - began)


def paced_floor(frames: list[str], cookies: int, apart: float) -> dict[str, Any]:
    """Lateness of such frames from a bare server, written one by one at their pace."""
    port = _place.free_port()
    seqs = [[line["seq"] for line in json.loads(text)["lines"]] for text in frames]
    with helper("_bare.py", str(port)) as server, helper("_watchers.py") as crowd:
        server.line()
        crowd.ask(open=f"http://127.0.0.1:{port}/", cookies=["none"] * cookies, after=seqs[0][0] - 1)
        began = server.ask(frames=frames, apart=apart)["began"]
        crowd.ask(wait=seqs[-1][-1], seconds=30)
        moments = {seq: at for at, of in zip(began, seqs, strict=True) for seq in of}
        return crowd.ask(report=moments)


def steady(run: Any, crowd: Helper, seconds: int) -> dict[str, Any]:
    """A line each twentieth of a second; lateness from its commit to every socket."""
    committed: dict[int, float] = {}
    began = time.monotonic()
    newest = 0
    for number in range(seconds * A_SECOND):
        time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
        newest = write(run, 1, committed)
    done = crowd.ask(wait=newest, seconds=30)
    took = time.monotonic() - began
    return crowd.ask(report=committed) | {"seconds": took, "closed": done["closed"], "behind": done["behind"]}


def burst(run: Any, crowd: Helper, watchers: int, count: int) -> dict[str, Any]:
    """As many lines at once as the database takes."""
    committed: dict[int, float] = {}
    newest = 0
    for begun in range(0, count, AT_ONCE):
        newest = write(run, min(AT_ONCE, count - begun), committed)
    done = crowd.ask(wait=newest, seconds=60)
    found = crowd.ask(report=committed) | done
    found["a_second"] = watchers * count / (done["all_at"] - min(committed.values()))
    return found | {"first": newest - count + 1, "last": newest}


def measure(watchers: int, seconds: int, lines: int) -> dict[str, Any]:
    """All of it, in a place of its own."""
    from django.db import connection

    from tests.cast import user
    from tests.deployments.engine import make_ladder, queue

    os.environ["PORTAL_SOCKETS"] = os.environ["PORTAL_SOCKETS_OF_ONE"] = str(watchers + 10)
    make_ladder()
    run, watcher = queue("1.0.0", "staging"), user("rita")
    name = str(connection.settings_dict["NAME"])
    with _place.serving(name) as (address, pid), helper("_watchers.py") as crowd:
        after = write(run, 1, {})
        idle = pss(pid)
        cookies = [_place.session_of(watcher.username)] * watchers
        opened = crowd.ask(open=f"{address}/ws/deployments/{run.pk}/", cookies=cookies, after=after)
        newest = write(run, 1, {})
        came = crowd.ask(wait=newest, seconds=60)
        assert not came["behind"], f"{came['behind']} sockets never came up; closed with {came['codes']}"
        spent, began = processor_seconds(pid), time.monotonic()
        flow = steady(run, crowd, seconds)
        flow["cores"] = (processor_seconds(pid) - spent) / (time.monotonic() - began)
        came_as = crowd.ask(frames=newest)["frames"]
        apart = flow["seconds"] / len(came_as)
        flow |= {"frames": len(came_as), "bare": paced_floor(came_as[:PACED], watchers, apart)}
        # The frames are not known before they were sent: a first burst gives them to the floor before.
        warm = burst(run, crowd, watchers, lines)
        frames = crowd.ask(frames=warm["first"] - 1)["frames"]
        before = floor(frames, watchers, warm["first"], warm["last"])
        storm = burst(run, crowd, watchers, lines)
        frames = crowd.ask(frames=storm["first"] - 1)["frames"]
        bare = (before + floor(frames, watchers, storm["first"], storm["last"])) / 2
        storm |= {"bare": bare, "ratio": storm["a_second"] / bare, "frames": len(frames)}
        memory = {"idle": idle, "after": pss(pid)}
    return {
        "watchers": watchers,
        "opened": opened,
        "steady": flow,
        "burst": storm,
        "memory_mb": memory,
        "load": os.getloadavg(),
    }


def show(found: dict[str, Any]) -> None:
    """The table for people."""
    flow, storm, memory = found["steady"], found["burst"], found["memory_mb"]
    print(f"watchers       {found['watchers']:,}, all open after {found['opened']['seconds']:.1f} s")
    print(f"steady         {flow['deliveries']:,} lines in {flow['seconds']:.0f} s, "
          f"p50 {flow['p50'] * 1000:.0f} ms, p99 {flow['p99'] * 1000:.0f} ms "
          f"(aim {AIM_P99_MS:.0f}); web {flow['cores']:.2f} cores")  # fmt: skip
    print(f"the same, bare {flow['frames']} frames as they came, "
          f"p50 {flow['bare']['p50'] * 1000:.0f} ms, p99 {flow['bare']['p99'] * 1000:.0f} ms")  # fmt: skip
    print(f"burst          {storm['a_second']:,.0f} lines/s in {storm['frames']} frames, "
          f"p99 {storm['p99'] * 1000:.0f} ms")  # fmt: skip
    print(f"bare server    {storm['bare']:,.0f} lines/s, ratio {storm['ratio']:.2f} (aim {AIM_RATIO})")
    print(f"lost           {storm['lost']}, out of order {storm['out_of_order']}, closed {storm['closed']}, "
          f"behind {flow['behind'] + storm['behind']}")  # fmt: skip
    print(f"web memory     {memory['idle']:.0f} MB before, {memory['after']:.0f} MB after")
    print("load average   " + " ".join(f"{one:.1f}" for one in found["load"]))


def main() -> int:
    """Run it once and print; 1 when a line was lost, came out of order or a socket was closed."""
    parser = argparse.ArgumentParser(prog="./portal bench live")
    parser.add_argument("--watchers", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--burst", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with _place.own_place(pages=False):
        found = measure(given.watchers, given.seconds, given.burst)
    print(json.dumps(found, indent=1)) if given.json else show(found)
    storm = found["burst"]
    return int(bool(storm["lost"] or storm["out_of_order"] or storm["behind"] or storm["closed"]))


if __name__ == "__main__":
    sys.exit(main())
