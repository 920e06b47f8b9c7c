"""`./portal bench pages [PART …] [--sizes 100,10000] [--rounds N]`: what the pages cost, on data of its own.

Parts: `server` (queries and server time of every page with a short and with a long history), `wire` (bytes
of a first load), `log` (frames of a deployment page that takes and holds 10,000 lines) and `lighthouse` (its
scores on a desktop and on a phone). Without a name all of them run. Nothing reads or writes an installation.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _place

MOST_QUERIES, MOST_RATIO, MOST_BYTES = 15, 1.3, 100_000
PARTS = ("server", "wire", "log", "lighthouse")
READER = "rita"


@dataclass
class Cost:
    """One page at one size."""

    counted: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def queries(self) -> int:
        """How many it asks, as a rule: once a minute a shared cache is filled again."""
        return statistics.mode(self.counted)

    @property
    def median_ms(self) -> float:
        """The middle of all rounds, in milliseconds."""
        return statistics.median(self.seconds) * 1000


def addresses() -> dict[str, str]:
    """Every page by its name; the same at every size, since the story is in all of them."""
    from bench._story import LIVES
    from deployments.models import DeploymentRun
    from deployments.states import RunState
    from releases.states import ReleaseState

    of = {life.state: f"/releases/{life.version}/" for life in LIVES}
    run = DeploymentRun.objects.get(state=RunState.RUNNING)
    done = DeploymentRun.objects.filter(state=RunState.SUCCEEDED, link=of[ReleaseState.COMPLETED]).first()
    assert done is not None
    return {
        "board": "/",
        "for you": "/for-you/",
        "releases": "/releases/",
        "releases, one state": "/releases/?state=review",
        "releases, kind, version": "/releases/?kind=bugfix&sort=-version",
        "releases, a service": "/releases/?service=scheduling&sort=changed",
        "releases, a person": "/releases/?person=dana",
        "releases, search": "/releases/?q=calendar",
        "releases, page 4": "/releases/?page=4",
        "release": of[ReleaseState.COMPLETED],
        "release, under way": of[ReleaseState.DEPLOYING],
        "release, history": f"{of[ReleaseState.COMPLETED]}history/",
        "go/no-go": f"{of[ReleaseState.REVIEW]}go/",
        "deployments": "/deployments/",
        "deployment": f"/deployments/{run.pk}/",
        "deployment, its panels": f"/deployments/{run.pk}/panels/",
        "deployment, done": f"/deployments/{done.pk}/",
        "environments": "/environments/",
        "audit": "/audit/",
        "audit, a kind": "/audit/?kind=release.",
        "audit, a person": "/audit/?person=dana",
        "outbox": "/outbox/",
        "shell of every page": "/shell/",
    }


def server(names: dict[int, str], rounds: int) -> bool:
    """Queries and time of every page, the sizes in turn page by page: a busy moment meets all of them."""
    from django.contrib.auth import get_user_model
    from django.core.signals import request_finished, request_started
    from django.db import close_old_connections, connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    # The connection is ours to switch; in a web process it comes from a pool and stays open as well.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    client = Client(headers={"host": "localhost"})
    client.force_login(get_user_model().objects.get(username=READER))
    pages = addresses()
    found = {size: {page: Cost() for page in pages} for size in names}
    for _ in range(rounds):
        for page, path in pages.items():
            for size, name in names.items():
                _place.use(name)
                client.get(path)  # plans and caches are warm
                with CaptureQueriesContext(connection) as caught:
                    answer = client.get(path)
                assert answer.status_code == 200, f"{path}: {answer.status_code}"
                found[size][page].counted.append(len(caught))
                for _ in range(5):
                    found[size][page].seconds.append(_timed(lambda path=path: client.get(path)))
    return _print_server(found)


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _print_server(found: dict[int, dict[str, Cost]]) -> bool:
    sizes = sorted(found)
    short, long = sizes[0], sizes[-1]
    print(
        f"\n{'page':26}{'queries':>9}"
        + "".join(f"{f'{size:,} releases':>18}" for size in sizes)
        + f"{'ratio':>8}"
    )
    kept = True
    for page, first in found[short].items():
        last = found[long][page]
        ratio = last.median_ms / first.median_ms
        queries = f"{first.queries}" if first.queries == last.queries else f"{first.queries} → {last.queries}"
        good = first.queries == last.queries <= MOST_QUERIES and ratio <= MOST_RATIO
        kept &= good
        times = "".join(f"{found[size][page].median_ms:>15.1f} ms" for size in sizes)
        print(f"{page:26}{queries:>9}{times}{ratio:>8.2f}{'' if good else '  !'}")
    print(f"Limits: the same number of queries, at most {MOST_QUERIES}; at most {MOST_RATIO} times the time.")
    return kept


def wire(database: str) -> bool:
    """Bytes of a first load: the page and what it names, compressed as the web process serves them."""
    from bench import _wire

    _place.use(database)
    with _place.serve(database) as portal:
        session = _place.session_of(READER)
        return _wire.table(portal, session, addresses(), MOST_BYTES)


def browser(database: str, parts: list[str]) -> bool:
    """What a real browser measures: the log's frames and Lighthouse's scores."""
    from bench import _browser
    from deployments.models import DeploymentRun
    from deployments.states import RunState

    kept = True
    _place.use(database)
    pages = addresses()
    run = DeploymentRun.objects.get(state=RunState.RUNNING)
    with _place.serve(database) as portal:
        session = _place.session_of(READER)
        if "log" in parts:
            kept &= _browser.log(portal, session, pages["deployment"], run.pk)
        if "lighthouse" in parts:
            kept &= _browser.lighthouse(portal, session, pages)
    return kept


def main() -> int:
    """Run the parts; 1 when a limit is not kept."""
    parser = argparse.ArgumentParser(prog="./portal bench pages")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all when none is named")
    parser.add_argument("--sizes", default="100,10000", help="numbers of releases, the shortest first")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    parts = options.parts or list(PARTS)
    with _place.own_place():
        names = make([int(size) for size in options.sizes.split(",")])
        kept = True
        if "server" in parts:
            kept &= server(names, options.rounds)
        if "wire" in parts:
            kept &= wire(names[min(names)])
        if {"log", "lighthouse"} & set(parts):
            kept &= browser(names[max(names)], parts)
    return int(not kept)


def make(sizes: list[int]) -> dict[int, str]:
    """A database for every size: ten events and a hundred lines to a release."""
    from django.db import connection

    from bench import _history, _story

    began = time.perf_counter()
    _story.tell()
    print(f"The story: {time.perf_counter() - began:.0f} s", flush=True)
    told = str(connection.settings_dict["NAME"])
    names = {}
    for size in sizes:
        names[size] = f"{told}_{size}"
        _place.database_from(told, names[size])
        began = time.perf_counter()
        _history.make(_history.Size(size, size * 10, size * 100, watched=min(10_000, size * 50)))
        print(f"{size:,} releases: {time.perf_counter() - began:.0f} s", flush=True)
    return names


if __name__ == "__main__":
    sys.exit(main())
