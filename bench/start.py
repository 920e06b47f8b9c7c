"""`./portal bench start [--rounds 2] [--json]`: how long a demo takes until it answers, and what it weighs.

Cold is a folder that was never used (database, migrations, the example's past), warm the same folder again;
each beside the bare servers of the portal made and started as often, plus one import of Django. The virtual
environment is there already. Memory is the proportional set size of every process, once all of them run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._steps import ends_with_its_children, step

SETTLE_SECONDS = 10.0
"""After everything runs: what a start leaves behind is given back."""


def once(folder: Path) -> dict[str, Any]:
    """One start of the demo on that folder, and its end."""
    from bench import memory
    from hmhp_portal.launcher.installation import Installation
    from hmhp_portal.launcher.takeover import running
    from tests.portal_process import PortalProcess, clean_environment

    began = time.monotonic()
    portal = PortalProcess(folder, ["demo", "--data", str(folder), "--port", "0"], clean_environment())
    try:
        portal.url = portal.wait_for(r"The portal is at\s+(\S+)", seconds=1800).group(1)
        told = time.monotonic() - began
        with urllib.request.urlopen(portal.url, timeout=60) as answer:
            assert answer.status == 200
        page = time.monotonic() - began
        portal.wait_for("All processes run", seconds=600)
        whole = time.monotonic() - began
        time.sleep(SETTLE_SECONDS)
        installation = Installation(folder)
        own, platform = memory.table(installation, running(installation))
    finally:
        stop = portal.stop()
    step(f"started within {whole:.1f} s, and ended")
    return {"told": told, "page": page, "whole": whole, "stop": stop, "own": own, "platform": platform}


IMPORTED = "import django; django.setup(); import hmhp_portal.urls"


def bare() -> dict[str, float]:
    """Seconds for new bare servers, and for one import of the portal in a process of its own."""
    from hmhp_portal.embedded.temporary import TemporaryServices
    from tests.portal_process import ROOT

    began = time.monotonic()
    services = TemporaryServices("hmhp-bench-start")
    try:
        services.start()
        started = time.monotonic() - began
        assert services.postgres is not None
        environment = {
            name: text
            for name, text in os.environ.items()
            if not name.startswith(("PORTAL_", "DATABASE_URL"))
        }
        environment |= {
            "DATABASE_URL": services.postgres.url(),
            "REDIS_URL": services.valkey.url(),
            "PORTAL_MODE": "test",
            "PORTAL_DATA_DIR": str(services.folder),
            "PORTAL_SECRET_KEY": "measured-and-thrown-away-measured-and-thrown-away",
            "DJANGO_SETTINGS_MODULE": "hmhp_portal.settings",
        }
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", IMPORTED], cwd=ROOT, env=environment, check=True)
        return {"servers": started, "import": time.monotonic() - began}
    finally:
        services.stop()


def measure(rounds: int) -> dict[str, Any]:
    """Cold and warm in turn, each round on a folder of its own, the bare start between them."""
    found: dict[str, list[Any]] = {"cold": [], "warm": [], "bare": []}
    for _ in range(rounds):
        with _folder() as folder:
            found["cold"].append(once(folder))
            found["bare"].append(bare())
            found["warm"].append(once(folder))
    floor = {name: statistics.median(one[name] for one in found["bare"]) for name in ("servers", "import")}
    cold = statistics.median(one["page"] for one in found["cold"])
    warm = statistics.median(one["page"] for one in found["warm"])
    return {
        **found,
        "cold_page": cold,
        "warm_page": warm,
        "cold_ratio": cold / (floor["servers"] + floor["import"]),
        "warm_ratio": warm / floor["import"],
        "floor": floor,
        "load": os.getloadavg(),
    }


@contextmanager
def _folder() -> Iterator[Path]:
    from hmhp_portal.launcher.installation import Installation

    parent = Path(tempfile.mkdtemp(prefix="hmhp-start-"))
    parent.chmod(0o711)
    try:
        yield parent / "data"
    finally:
        Installation(parent / "data").clear()
        shutil.rmtree(parent, ignore_errors=True)


def show(found: dict[str, Any]) -> None:
    """The tables for people."""
    floor = found["floor"]
    floors = {"cold": floor["servers"] + floor["import"], "warm": floor["import"]}
    print(f"{'':6}{'first page':>12}{'all run':>10}{'stop':>8}{'bare':>9}{'ratio':>8}")
    for kind, bare_seconds in floors.items():
        for one in found[kind]:
            print(f"{kind:6}{one['page']:>10.1f} s{one['whole']:>8.1f} s{one['stop']:>6.1f} s"
                  f"{bare_seconds:>7.1f} s{one['page'] / bare_seconds:>8.1f}")  # fmt: skip
    print("bare: new servers and one import of the portal (cold), the import alone (warm)")
    last = found["warm"][-1]
    print("\nMemory (PSS) of each process after the warm start, MB")
    for name, size in last["own"].items():
        print(f"{size:8.1f}  {name}")
    print(f"{sum(last['own'].values()):8.1f}  the portal's own processes together")
    print(f"{sum(last['platform'].values()):8.1f}  the {len(last['platform'])} services that it deployed")
    print("load average " + " ".join(f"{one:.1f}" for one in found["load"]))


def main() -> int:
    """Run it and print."""
    parser = argparse.ArgumentParser(prog="./portal bench start")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    ends_with_its_children()
    found = measure(given.rounds)
    print(json.dumps(found, indent=1)) if given.json else show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
