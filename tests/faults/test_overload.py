"""A portal whose disk is full, and one whose sockets are all wanted: it says so, and steering still works."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hmhp_portal.launcher.installation import Installation
from platforms.local.digest import digest_folder
from tests.e2e import own_platform
from tests.e2e.authenticator import SET_UP
from tests.e2e.rest_client import RestClient
from tests.portal_process import PortalProcess, start_portal

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DISK_MEGABYTES = 700
SOCKETS = 3_000
TOKENS = f"""
import json
from accounts.actors import system
from accounts.models import User
from accounts.roles import Scope
from accounts.services.tokens import create_token
{SET_UP}
theo = next(user for user in User.objects.all() if user.handle == "theo")
print(json.dumps([
    create_token(name="own", scopes=Scope.values, actor=system("test"), owner=theo)[1],
    create_token(name="ci", scopes=("read", "release", "stage"), actor=system("test"))[1],
]))
"""


@dataclass
class World:
    """A running portal on a disk of its own, a pipeline and somebody who may abort."""

    portal: PortalProcess
    disk: Path
    ci: RestClient
    theo: RestClient
    entries: dict[str, Any]

    def create(self, version: str) -> tuple[int, Any]:
        """Create a release, as a pipeline does."""
        body = {
            "version": version,
            "kind": "feature",
            "commit": "9b1c6d2",
            "authors": [{"host": "git.example", "login": "finn-git"}],
            "title": "Bookings",
            "notes": "n" * 50_000,
            "components": self.entries,
        }
        return self.ci.call("POST", "releases/", body, Idempotency_Key=f"create-{version}")


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small disk in memory."""
    place = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=755", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("A small tmpfs cannot be mounted here, so no disk can be filled.")
    for folder in [place, *place.parents][:4]:
        folder.chmod(0o755)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(scope="module")
def world(disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("platform")
    file = own_platform.lay_out(folder)
    entries = {}
    for component in ("patient-web", "scheduling"):
        built = own_platform.artefact(folder, component, "1.0.0")
        entries[component] = {"artifact": digest_folder(built), "version": "1.0.0"}
    with start_portal(disk / "data", "--platform", str(file)) as portal:
        theo, ci = json.loads(portal.command("shell", "-v0", "-c", TOKENS))
        yield World(portal, disk, RestClient(portal.url, ci), RestClient(portal.url, theo), entries)
    Installation(disk / "data").clear()


def until(true: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for it."""
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, f"not within {seconds} s"
        time.sleep(0.3)


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    file = disk / "ballast"
    with file.open("ab", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"\0" * 65_536)
        except OSError:
            return file


def test_full_disk_is_said_nothing_accepted_is_lost_and_it_goes_on_with_room(world: World) -> None:
    assert world.create("1.0.0")[0] == 201
    ballast = fill(world.disk)
    said: set[str | None] = set()
    accepted, refused = ["1.0.0"], Counter[int]()
    for number in range(1, 400):
        try:
            status, answer = world.create(f"1.{number}.0")
        except OSError:
            status, answer = 0, {}
        if status == 201:
            accepted.append(f"1.{number}.0")
        else:
            refused[status] += 1
            said.add(answer.get("title"))
        if refused.total() >= 5:
            break
    assert set(refused) == {503}, refused
    assert "The portal's disk is full" in said, said
    ballast.unlink()

    def goes_on() -> bool:
        try:
            return world.create("2.0.0")[0] == 201
        except OSError:
            return False

    until(goes_on)
    for version in [*accepted, "2.0.0"]:
        assert world.ci.call("GET", f"releases/{version}/")[0] == 200


async def _attempt(port: int) -> str:
    """One handshake of a page that nobody is logged in on; what the portal answers, and the connection."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 60)
        writer.write(
            b"GET /ws/doorbell/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        line = await asyncio.wait_for(reader.readline(), 60)
        HELD.append(writer)
        return line.split()[1].decode() if line else "closed"
    except (OSError, TimeoutError) as error:
        return type(error).__name__


HELD: list[asyncio.StreamWriter] = []


def test_three_thousand_sockets_leave_the_one_who_must_abort_an_answer(world: World) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    world.create("3.0.0")
    world.ci.ok(
        "POST", "releases/3.0.0/checklist/security_scan/", {"result": "pass", "link": "https://ci.example/1"}
    )
    run = world.ci.ok("POST", "releases/3.0.0/stage/", {}, Idempotency_Key="stage-3")["run"]
    port = int(world.portal.url.rsplit(":", 1)[1].strip("/"))

    async def storm() -> tuple[Counter[str], int, float]:
        attempts = [asyncio.create_task(_attempt(port)) for _ in range(SOCKETS)]
        await asyncio.sleep(0.2)
        began = time.monotonic()
        status, _ = await asyncio.to_thread(
            world.theo.call, "POST", f"deployments/{run}/abort/", {"reason": "Too many"}
        )
        took = time.monotonic() - began
        answers = Counter(await asyncio.gather(*attempts))
        for writer in HELD:
            writer.close()
        return answers, status, took

    answers, status, took = asyncio.run(storm())
    assert answers.total() == SOCKETS, (answers, status, took)
    assert set(answers) <= {"101", "401", "403", "429", "503", "closed"}
    assert status in (200, 202, 409)  # 409: the stage had ended by then
    assert took < 10
