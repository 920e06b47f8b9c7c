"""The order of files in a whole run: what waits for processes is spread among what keeps a processor busy.

Several workers share the files (`./portal test`). The long ones begin early, so that none is left alone at
the end, and not all at once, so that their timings stay true. All tests on a control plane go to one worker
as if they were one file: it runs a single one, and ends it with the last of them.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import pytest

LONG = ("slow", "e2e", "cluster")
TOGETHER = ("tests/cluster/",)
LONGEST = (
    "tests/cluster/",
    "tests/browser/test_access.py",
    "tests/faults/test_storm.py",
    "tests/e2e/test_main_job_in_browser.py",
    "tests/e2e/test_main_job_by_rest.py",
    "tests/deployments/test_on_local_agent.py",
    "tests/browser/test_odd_input.py",
    "tests/launcher/test_run_portal.py",
    "tests/faults/test_offline.py",
    "tests/deployments/test_worker_killed.py",
    "tests/platforms/test_local_example.py",
)
"""What takes more than half a minute, the longest first; the other long ones follow by how many they are."""
BETWEEN = 4
"""Ordinary files that are handed out between two long ones."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the files into that order; the tests of a file keep theirs."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(_unit(item.nodeid), []).append(item)
    longs = {name: sum(map(_is_long, own)) for name, own in files.items()}
    first = {name: place for place, name in enumerate(LONGEST)}
    long = [name for name in files if longs[name]]
    long.sort(key=lambda name: (first.get(name, len(first)), -longs[name]))
    short = sorted(files.keys() - set(long), key=lambda name: (-len(files[name]), name))
    runs = [short[begin : begin + BETWEEN] for begin in range(0, len(short), BETWEEN)]
    order = [name for one, some in zip_longest(long, runs) for name in ([one] if one else []) + (some or [])]
    items[:] = [item for name in order for item in sorted(files[name], key=_file)]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out those units."""
    from xdist.scheduler import LoadFileScheduling

    class ByUnit(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _unit(nodeid)

    return ByUnit(config, log)


def _unit(nodeid: str) -> str:
    """What stays in one worker: a file, or a room."""
    return next((room for room in TOGETHER if nodeid.startswith(room)), nodeid.partition("::")[0])


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _is_long(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(mark) for mark in LONG)
