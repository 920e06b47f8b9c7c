"""`./portal bench load [--minutes 10] [--people 200] [--per-second 50] [--json]`: a busy day, short.

A portal of its own with so many people on the board (each with the doorbell's socket, asking for its parts
when it rings), a pipeline that polls readiness with If-None-Match, and a release that shifts under load of
visitors, all together; at the end somebody aborts. Nothing may time out, no pool of connections runs empty,
and memory stays flat: its slope is printed. Beside it the same pipeline alone, before the people came.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._steps import ends_with_its_children, step
from bench.rollback import first_release, site, visiting

if TYPE_CHECKING:
    from tests.faults.storm import Site

ALONE_SECONDS, SAMPLE_SECONDS, WARM_SHARE = 15.0, 5.0, 0.25
"""The first quarter of the time warms up: caches and pools fill, and its memory is no slope."""
EMPTY_POOL = re.compile(r"couldn't get a connection|PoolTimeout|too many clients|TooManyRequests")
PEOPLE = """
import json
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts.actors import system
from accounts.models import User
from accounts.roles import Role
from accounts.services.roles import grant_role
store = import_module(settings.SESSION_ENGINE).SessionStore
keys = []
for number in range(COUNT):
    user = User.objects.create_user(f"person-{number}", f"person-{number}@clinic.example", None)
    grant_role(user, Role.DEVELOPER, system("bench"))
    session = store()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    keys.append(session.session_key)
print(json.dumps(keys))
"""


class Weight(threading.Thread):
    """Samples the portal's own processes: seconds since the start, megabytes of each."""

    def __init__(self, data: Path) -> None:
        super().__init__(daemon=True)
        self.samples: list[tuple[float, dict[str, float]]] = []
        self._data = data
        self._over = threading.Event()

    def run(self) -> None:
        """Until `end`."""
        from bench import memory
        from hmhp_portal.launcher.installation import Installation
        from hmhp_portal.launcher.takeover import running

        installation, began = Installation(self._data), time.monotonic()
        while not self._over.wait(SAMPLE_SECONDS):
            own, _ = memory.table(installation, running(installation))
            self.samples.append((time.monotonic() - began, own))

    def end(self) -> dict[str, Any]:
        """Megabytes at the end and their slope a minute, of each process and together."""
        self._over.set()
        self.join(30)
        late = self.samples[int(len(self.samples) * WARM_SHARE) :]
        names = sorted({name for _, own in late for name in own})
        each = {name: [(at, own[name]) for at, own in late if name in own] for name in names}
        each["together"] = [(at, sum(own.values())) for at, own in late]
        return {
            name: {"mb": points[-1][1], "slope": _slope(points)}
            for name, points in each.items()
            if len(points) > 2
        }


def _slope(points: list[tuple[float, float]]) -> float:
    """Megabytes a minute, by least squares."""
    found = statistics.linear_regression([at / 60 for at, _ in points], [size for _, size in points])
    return float(found.slope)


def people(here: Site, cookies: list[str], readiness: str, per_second: float, seconds: float) -> Any:
    """These people and the pipeline for so long."""
    split = urlsplit(here.portal.url)
    order = {
        "host": split.hostname,
        "port": split.port,
        "cookies": cookies,
        "token": here.callers["ci"].token,
        "readiness": readiness,
        "per_second": per_second,
        "seconds": seconds,
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("_people.py"))],
        input=json.dumps(order) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def measure(minutes: float, count: int, per_second: float) -> dict[str, Any]:
    """All of it on one portal."""
    from tests.faults.releases import ENDS, shifting
    from tests.faults.storm import releases_address

    # Half-way it takes its second step, and it still shifts when somebody aborts it.
    bake = int(minutes * 30 + ALONE_SECONDS)
    with site({"weights": [10, 50, 100], "bake_seconds": bake}, 2) as here:
        releases, theo = first_release(here, 2), here.callers["theo"]
        cookies = json.loads(here.portal.manage("shell", "-v0", "-c", PEOPLE.replace("COUNT", str(count))))
        version, run = releases.start("good")
        path = f"deployments/{run}/"
        theo.wait(path, shifting)
        step("a release shifts")
        readiness = f"/api/v1/releases/{version}/readiness/?environment=live"
        alone = people(here, [], readiness, per_second, ALONE_SECONDS)
        step("the pipeline asked alone")
        weight = Weight(here.data)
        weight.start()
        with visiting(releases_address(here).removeprefix("http://"), 30) as visitors:
            crowd = people(here, cookies, readiness, per_second, minutes * 60)
            step("people and the pipeline asked together")
            memory, shown = weight.end(), theo.ok("GET", path)
            began = time.monotonic()
            status, _ = theo.call("POST", f"{path}abort/", {"reason": "Measured"})
            abort = {"status": status, "seconds": time.monotonic() - began}
            theo.wait(path, lambda shown: shown["state"] in ENDS)
            step("aborted, and back")
        logs = {file.name: file.read_text(errors="replace") for file in (here.data / "logs").glob("*.log")}
    return {
        "minutes": minutes,
        "people": count,
        "alone": alone,
        "crowd": crowd,
        "memory": memory,
        "run": {"state": shown["state"], "sentence": shown["sentence"]},
        "abort": abort,
        "visitors": visitors["statuses"],
        "pool_empty": {name: len(EMPTY_POOL.findall(text)) for name, text in logs.items()},
        "load": os.getloadavg(),
    }


def problems(found: dict[str, Any]) -> list[str]:
    """Sentences about what must not be."""
    wrong = [
        f"{what}: {status} {count} times"
        for what, one in found["crowd"]["asked"].items()
        for status, count in one["statuses"].items()
        if status not in ("200", "304")
    ]
    wrong += [
        f"sockets: {what} {count} times"
        for what, count in found["crowd"]["sockets"].items()
        if what not in ("rings", "opened 101")
    ]
    if found["abort"]["status"] != 200:
        wrong.append(f"abort: {found['abort']['status']}")
    wrong += [f"visitors: {status} {count}" for status, count in found["visitors"].items() if status != "200"]
    return wrong + [f"pool empty in {name}: {n}" for name, n in found["pool_empty"].items() if n]


def show(found: dict[str, Any]) -> None:
    """The tables for people."""
    print(f"{found['people']} people on the board for {found['minutes']:g} minutes; the run is "
          f"{found['run']['state']}: {found['run']['sentence']}\n")  # fmt: skip
    print(f"{'':20}{'asked/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'longest':>9}  answers")
    rows = [("readiness, alone", found["alone"]["asked"]["readiness"], ALONE_SECONDS)]
    rows += [(what, one, found["minutes"] * 60) for what, one in sorted(found["crowd"]["asked"].items())]
    for what, one, seconds in rows:
        times = "".join(f"{one[name] * 1000:>9.0f}" for name in ("p50", "p99", "longest"))
        print(f"{what:20}{one['asked'] / seconds:>9.1f}{times}  {one['statuses']}")
    ratio = found["crowd"]["asked"]["readiness"]["p50"] / found["alone"]["asked"]["readiness"]["p50"]
    print(f"readiness among people takes {ratio:.1f} times as long as alone (middle)")
    print(f"sockets {found['crowd']['sockets']}; abort {found['abort']['status']} "
          f"after {found['abort']['seconds'] * 1000:.0f} ms")  # fmt: skip
    print("\nmemory (PSS)         MB at the end   MB a minute")
    for name, one in found["memory"].items():
        print(f"{name:20}{one['mb']:>14.1f}{one['slope']:>14.2f}")
    for text in problems(found) or ["nothing timed out, was refused or ran empty"]:
        print(text)
    print("load average " + " ".join(f"{one:.1f}" for one in found["load"]))


def main() -> int:
    """Run it once and print; 1 when something timed out, was refused or ran empty."""
    parser = argparse.ArgumentParser(prog="./portal bench load")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--per-second", type=float, default=50.0, help="readiness asked by the pipeline")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    ends_with_its_children()
    found = measure(given.minutes, given.people, given.per_second)
    print(json.dumps(found, indent=1)) if given.json else show(found)
    return int(bool(problems(found)))


if __name__ == "__main__":
    sys.exit(main())
