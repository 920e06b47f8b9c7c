"""`./portal bench rollback [--rounds 3] [--per-second 60] [--json]`: how soon nobody is answered by green.

A portal of its own brings out a release on the local target under load, a person aborts it in the middle of
the shift, and the visitors' answers tell which colour gave them: from the abort accepted to the last answer
of green. Connections that may drain are listed apart. Beside it the driver's bare weight write, on the same
agent, under the same load: from the call to its return or the last answer of the colour that leaves.
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
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._steps import ends_with_its_children, step

if TYPE_CHECKING:
    from tests.faults.releases import Releases
    from tests.faults.storm import Site

AIM_SECONDS = 1.0
DRAIN_SECONDS, UPGRADED, CLIENTS = 4, 12, 12
UPGRADES = """
        if self.headers.get("Upgrade", "").lower() == "websocket":
            import base64, hashlib
            key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            accepted = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
            self.send_header("Sec-WebSocket-Accept", accepted)
            self.end_headers()
            while self.connection.recv(1024):
                pass
            return
"""
"""A call that stays open, as a video call does."""


@contextmanager
def visiting(address: str, per_second: float, upgraded: int = 0) -> Iterator[dict[str, Any]]:
    """Visitors for the length of the block; what they were answered is in the dictionary afterwards."""
    order = {"address": address, "per_second": per_second, "clients": CLIENTS, "upgraded": upgraded}
    child = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("_callers.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    child.stdin.write(json.dumps(order) + "\n")
    child.stdin.flush()
    told: dict[str, Any] = {}
    try:
        yield told
    finally:
        output, _ = child.communicate(timeout=20)
        told |= json.loads(output)


def panel(number: int) -> dict[str, str]:
    """Three people who sign one release and the one who decides on it, with their roles.

    Each release has its own: a person's authenticator app shows a code every thirty seconds, and whoever
    signed the last release would wait for the next one.
    """
    roles = {"mara": "release_manager", "iris": "qa_lead", "jonas": "security_officer"}
    return {f"{name}{number}": role for name, role in (*roles.items(), ("chair", "release_manager"))}


@contextmanager
def site(strategy: dict[str, Any], panels: int) -> Iterator[Site]:
    """A running portal with the storm's platform, people for so many releases, and calls that may drain."""
    from hmhp_portal.launcher.installation import Installation
    from tests.e2e import own_platform
    from tests.faults import ground
    from tests.faults.storm import Site, Table
    from tests.portal_process import start_portal

    own_platform.SERVICE = own_platform.SERVICE.replace(
        "        global asked\n", f"        global asked\n{UPGRADES}"
    )
    folder = Path(tempfile.mkdtemp(prefix="hmhp-rollback-"))
    folder.chmod(0o711)
    file = ground.lay_out(folder)
    document = json.loads(file.read_text())
    document["components"][0]["drain_seconds"] = DRAIN_SECONDS
    document["environments"][-1]["strategy"] |= strategy
    document["people"] += [
        {"login": login, "name": login.title(), "email": f"{login}@appointments.example", "roles": [role]}
        for number in range(panels)
        for login, role in panel(number).items()
    ]
    file.write_text(json.dumps(document))
    try:
        with start_portal(folder / "data", "--platform", str(file)) as portal:
            step("portal runs")
            here = Site(portal, folder, Table(), lambda text: None)
            step("people have tokens and authenticator apps")
            yield here
    finally:
        Installation(folder / "data").clear()
        shutil.rmtree(folder, ignore_errors=True)


def portal_rounds(here: Site, rounds: int, per_second: float) -> list[dict[str, Any]]:
    """Abort so many releases in the middle of their shift."""
    releases = first_release(here, rounds + 1)
    return [_abort(here, releases, per_second) for _ in range(rounds)]


def first_release(here: Site, panels: int) -> Releases:
    """Something that serves: completed under visitors, since nobody judges what nobody asks."""
    from tests.e2e.rest_client import Visitors
    from tests.faults.releases import Releases
    from tests.faults.storm import releases_address

    releases = Releases(here.folder, here.callers, seed=1)
    found = [panel(number) for number in range(panels)]
    releases.panels = iter([(dict(list(one.items())[:3]), list(one)[3]) for one in found])
    with ExitStack() as stack:
        releases.serves = lambda: stack.enter_context(Visitors(releases_address(here), 30)) and None
        releases.first()
    step("first release is completed")
    return releases


def _abort(here: Site, releases: Releases, per_second: float) -> dict[str, Any]:
    from tests.faults.storm import releases_address

    theo = here.callers["theo"]
    version, run = releases.start("good")
    path, one = f"deployments/{run}/", f"releases/{version}/"
    step(f"{version} is built, staged, signed and started")
    shown = theo.wait(path, lambda shown: _percent(shown) == 50)
    step("half of the requests go to green")
    green = shown["slot"]
    with visiting(releases_address(here).removeprefix("http://"), per_second, UPGRADED) as told:
        time.sleep(3.0)  # both colours answer, and the calls are open
        sent = time.monotonic()
        status, answer = theo.call("POST", f"{path}abort/", {"reason": "Measured"})
        accepted = time.monotonic()
        assert status < 300, answer
        theo.wait(path, lambda shown: shown["state"] == "rolled_back")
        back = time.monotonic()
        time.sleep(DRAIN_SECONDS + 1.5)
    theo.wait(one, lambda shown: shown["state"] == "rolled_back")
    lessons = {"cause": "Measured", "lessons": "None", "actions": []}
    here.callers["mara"].ok("POST", f"{one}lessons/", lessons)
    step("visited, aborted, back and drained")
    drained = [moment - accepted for moment in told["upgraded"].get(green, ()) if moment is not None]
    return {
        "accepted_after": accepted - sent,
        "last_green": told["slots"][green]["last_answered"] - accepted,
        "last_sent_to_green": told["slots"][green]["last_sent"] - accepted,
        "run_back": back - accepted,
        "green_answers": told["slots"][green]["answers"],
        "drained": drained,
        "statuses": told["statuses"],
        "p99": told["p99"],
    }


def _percent(shown: dict[str, Any]) -> int:
    weights = [region.get("weights", {}).get(shown["slot"], 0) for region in shown.get("regions", ())]
    return min(weights, default=0)


def bare_rounds(here: Site, rounds: int, per_second: float) -> list[dict[str, Any]]:
    """The same with nothing but the driver: two slots on a target of their own."""
    from platforms.base import ComponentSpec, Routing, SlotSpec
    from platforms.local.digest import digest_folder
    from platforms.local.driver import LocalPlatform
    from tests.faults import ground

    own = json.loads((here.data / "environment.json").read_text())
    settings = {
        "artifacts": str(here.folder / "build"),
        "agent_socket": own["PORTAL_LOCAL_AGENT_SOCKET"],
        "agent_token": own["PORTAL_LOCAL_AGENT_TOKEN"],
    }
    driver = LocalPlatform("bare", "north", "synthetic", settings)
    manifest = ground.document()["components"][0]["manifest"]
    artifact = digest_folder(here.folder / "build" / f"{ground.EDGE}-1.0.0")
    component = ComponentSpec(ground.EDGE, "http", artifact, edge=True, manifest=manifest)
    for slot in ("blue0000", "green000"):
        driver.ensure(1, SlotSpec(slot, "1.0.0", (component,)))
    _until(lambda: all(slot.ready for slot in driver.observe().slots))
    driver.switch(2, Routing({"blue0000": 100}, None))
    step("two bare slots are ready")
    return [_bare(driver, 3 + 2 * number, per_second) for number in range(rounds)]


def _bare(driver: Any, fence: int, per_second: float) -> dict[str, Any]:
    from platforms.base import Routing
    from tests.faults import ground

    driver.switch(fence, Routing({"blue0000": 50, "green000": 50}, None))
    address = driver.observe().addresses[ground.EDGE].removeprefix("http://")
    with visiting(address, per_second) as told:
        time.sleep(2.0)
        began = time.monotonic()
        driver.switch(fence + 1, Routing({"blue0000": 100}, None))
        returned = time.monotonic()
        time.sleep(1.0)
    return {
        "last_green": told["slots"]["green000"]["last_answered"] - began,
        "call": returned - began,
        "statuses": told["statuses"],
    }


def _until(true: Any, seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "the slots do not become ready"
        time.sleep(0.1)


def measure(rounds: int, per_second: float) -> dict[str, Any]:
    """All of it on one portal."""
    with site({"weights": [50, 100], "bake_seconds": 600}, rounds + 1) as here:
        portal = portal_rounds(here, rounds, per_second)
        bare = bare_rounds(here, rounds, per_second)
        step("bare writes")
    step("portal ended")
    middle = statistics.median(one["last_green"] for one in portal)
    # The answers of a colour are some 30 ms apart: its last one may be older than the write that ends it.
    floor = statistics.median(max(one["last_green"], one["call"]) for one in bare)
    return {
        "portal": portal,
        "bare": bare,
        "last_green": middle,
        "bare_last_green": floor,
        "ratio": middle / floor,
        "load": os.getloadavg(),
    }


def show(found: dict[str, Any]) -> None:
    """The table for people, times in milliseconds."""
    print(
        f"{'':10}{'accepted in':>12}{'last green':>12}{'run back':>10}{'answers':>9}  others, drained after s"
    )
    for number, one in enumerate(found["portal"], start=1):
        mark = "" if one["last_green"] < AIM_SECONDS else "  !"
        drained = " ".join(f"{seconds:.1f}" for seconds in one["drained"]) or "none"
        others = {status: count for status, count in one["statuses"].items() if status != "200"} or "none"
        times = f"{one['accepted_after'] * 1000:>9.0f} ms{one['last_green'] * 1000:>9.0f} ms"
        times += f"{one['run_back'] * 1000:>7.0f} ms"
        print(f"abort {number:<4}{times}{one['green_answers']:>9.0f}  {others}, {drained}{mark}")
    for number, one in enumerate(found["bare"], start=1):
        print(f"bare {number:<5}{one['call'] * 1000:>9.0f} ms{max(0.0, one['last_green']) * 1000:>9.0f} ms")
    print(f"\nlast answer of green after the abort was accepted {found['last_green'] * 1000:.0f} ms "
          f"(aim {AIM_SECONDS * 1000:.0f}), bare write {found['bare_last_green'] * 1000:.0f} ms, "
          f"ratio {found['ratio']:.1f}")  # fmt: skip
    print("load average " + " ".join(f"{one:.1f}" for one in found["load"]))


def main() -> int:
    """Run it once and print; 1 when a visitor was dropped."""
    parser = argparse.ArgumentParser(prog="./portal bench rollback")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--per-second", type=float, default=60.0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    ends_with_its_children()
    found = measure(given.rounds, given.per_second)
    print(json.dumps(found, indent=1)) if given.json else show(found)
    return int(any(set(one["statuses"]) != {"200"} for one in found["portal"]))


if __name__ == "__main__":
    sys.exit(main())
