"""`./portal bench api [--size 10000] [--seconds 4] [--clients 8] [--json]`: what pipelines ask.

Readiness (with and without If-None-Match), a release, a page of progress, each beside a view with the same
authentication and one query by key on the same server (readiness and a release also as they are worked out
after a change: an unchanged one is answered again); the turns alternate, so that a busy machine slows
both, and the floor beside each is the mean of the one just before and the one just after.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _place

AIM = 0.5


class Asker:
    """One server and one token."""

    def __init__(self, address: str, token: str, clients: int, seconds: float) -> None:
        self.address, self.clients, self.seconds = address, clients, seconds
        self.headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def ask(self, path: str, extra: dict[str, str]) -> dict[str, Any]:
        """Requests a second and lateness at one address."""
        split = urlsplit(self.address)
        order = {
            "host": split.hostname,
            "port": split.port,
            "path": path,
            "headers": self.headers | extra,
            "clients": self.clients,
            "seconds": self.seconds,
        }
        file = str(Path(__file__).with_name("_asking.py"))
        done = subprocess.run(
            [sys.executable, file], input=json.dumps(order), capture_output=True, text=True, check=True
        )
        found = dict(json.loads(done.stdout))
        found["a_second"] = found["requests"] / found["seconds"]
        return found

    def tag(self, path: str) -> str:
        """The entity tag of that answer."""
        request = urllib.request.Request(self.address + path, headers=self.headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.headers["ETag"])


def token() -> str:
    """A token of a service that may read."""
    from accounts.actors import system
    from accounts.services.tokens import create_token

    return create_token(name="bench", scopes=["read"], actor=system("bench"))[1]


def measure(size: int, seconds: float, clients: int) -> dict[str, Any]:
    """All addresses in turn, on a history of that many releases."""
    from django.db import connection

    from bench import _history, _story
    from bench._story import LIVES
    from releases.models import Release
    from releases.states import ReleaseState

    run = _story.tell()
    if size > len(LIVES):
        _history.make(_history.Size(size, size * 10, size * 20, watched=min(10_000, size * 5)))
    review = next(life.version for life in LIVES if life.state == ReleaseState.REVIEW)
    done = next(life.version for life in LIVES if life.state == ReleaseState.COMPLETED)
    bare = f"/api/v1/bare/{Release.objects.get(version=review).pk}/"
    ready = f"/api/v1/releases/{review}/readiness/?environment=production"
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench._bare_settings"
    with _place.serving(str(connection.settings_dict["NAME"])) as (address, _):
        asker = Asker(address, token(), clients, seconds)
        asked: dict[str, tuple[str, dict[str, str]]] = {
            "readiness": (ready, {}),
            "readiness, 304": (ready, {"If-None-Match": asker.tag(ready)}),
            "readiness, worked out": (ready.replace("/v1/", "/v1/anew/"), {}),
            "release": (f"/api/v1/releases/{done}/", {}),
            "release, worked out": (f"/api/v1/anew/releases/{done}/", {}),
            "progress, 500 lines": (f"/api/v1/deployments/{run.pk}/progress/?after=0", {}),
            "progress, nothing new": (f"/api/v1/deployments/{run.pk}/progress/?after=99999999", {}),
        }
        asker.ask(bare, {})  # the server is warm
        before, rows = asker.ask(bare, {}), {}
        for name, (path, extra) in asked.items():
            found = asker.ask(path, extra)
            after = asker.ask(bare, {})
            found["bare_a_second"] = (before["a_second"] + after["a_second"]) / 2
            found["bare_p99"] = (before["p99"] + after["p99"]) / 2
            found["ratio"] = found["a_second"] / found["bare_a_second"]
            rows[name], before = found, after
    return {"releases": size, "clients": clients, "rows": rows, "load": os.getloadavg()}


def show(found: dict[str, Any]) -> None:
    """The table for people."""
    print(f"{found['releases']:,} releases, {found['clients']} kept connections\n")
    print(
        f"{'':24}{'asked/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'bare/s':>9}{'bare p99':>10}{'ratio':>8}  answers"
    )
    for name, row in found["rows"].items():
        mark = "" if row["ratio"] >= AIM else "  !"
        print(f"{name:24}{row['a_second']:>9.0f}{row['p50'] * 1000:>9.0f}{row['p99'] * 1000:>9.0f}"
              f"{row['bare_a_second']:>9.0f}{row['bare_p99'] * 1000:>10.0f}{row['ratio']:>8.2f}"
              f"  {row['statuses']}{mark}")  # fmt: skip
    print(f"\nAim {AIM} of the bare view; load average " + " ".join(f"{one:.1f}" for one in found["load"]))


def main() -> int:
    """Run it once and print."""
    parser = argparse.ArgumentParser(prog="./portal bench api")
    parser.add_argument("--size", type=int, default=10_000, help="releases in the history")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each turn")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with _place.own_place(pages=False):
        found = measure(given.size, given.seconds, given.clients)
    print(json.dumps(found, indent=1)) if given.json else show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
