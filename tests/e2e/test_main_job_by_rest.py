"""The main job by REST alone, on a platform and artefacts of our own: real agent, workers and web server.

One portal for the file; its tests go on from each other, as releases do.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hmhp_portal.launcher.installation import Installation
from platforms.local.digest import digest_folder
from tests.e2e import own_platform
from tests.e2e.authenticator import SET_UP, App
from tests.e2e.rest_client import RestClient, Visitors
from tests.portal_process import ROOT, PortalProcess, clean_environment, start_portal

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SIGNERS = {"mara": "release_manager", "iris": "qa_lead", "jonas": "security_officer"}
TOKENS = f"""
import json
from accounts.actors import system
from accounts.models import User
from accounts.roles import Scope
from accounts.services.tokens import create_token
{SET_UP}
made = {{
    user.handle: create_token(name="own", scopes=Scope.values, actor=system("test"), owner=user)[1]
    for user in User.objects.all()
}}
made["ci"] = create_token(name="ci", scopes=("read", "release", "stage"), actor=system("test"))[1]
print(json.dumps([made, secrets]))
"""
ENDS = ("succeeded", "failed", "cancelled", "rolled_back")


@dataclass
class World:
    """A running portal, its platform's folder, and everybody with a token."""

    portal: PortalProcess
    folder: Path
    callers: dict[str, RestClient]
    apps: dict[str, App]

    def __getattr__(self, name: str) -> RestClient:
        return self.callers[name]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """`./portal up` with our platform file; tokens by the command line."""
    folder = tmp_path_factory.mktemp("appointments")
    file = own_platform.lay_out(folder)
    data = folder / "data"
    with start_portal(data, "--platform", str(file)) as portal:
        tokens, secrets = json.loads(portal.command("shell", "-v0", "-c", TOKENS))
        tokens["ci"] = portal.manage("create_token", "ci", "--scopes", "read,release,stage").strip()
        callers = {name: RestClient(portal.url, text) for name, text in tokens.items()}
        yield World(portal, folder, callers, {name: App(secret) for name, secret in secrets.items()})
    Installation(data).clear()


def create(world: World, version: str, entries: dict[str, Any]) -> Any:
    body = {
        "version": version,
        "kind": "feature",
        "commit": "9b1c6d2",
        "authors": [{"host": "git.example", "login": "finn-git"}],
        "title": "Bookings",
        "components": entries,
    }
    made = world.ci.ok("POST", "releases/", body, Idempotency_Key=f"create-{version}")
    assert world.ci.ok("POST", "releases/", body, Idempotency_Key=f"create-{version}") == made
    return made


def to_review(world: World, version: str) -> str:
    """From a draft with every digest to review; the seal that the three sign."""
    one = f"releases/{version}/"
    world.ci.ok("POST", f"{one}checklist/security_scan/", {"result": "pass", "link": "https://ci.example/1"})
    run = world.ci.ok("POST", f"{one}stage/", {}, Idempotency_Key=f"stage-{version}")["run"]
    ended = world.ci.wait(f"deployments/{run}/", lambda shown: shown["state"] in ENDS)
    assert ended["state"] == "succeeded", ended["sentence"]
    world.ci.wait(one, lambda shown: shown["state"] == "validating")
    for name in ("smoke", "load"):
        world.iris.ok("POST", f"{one}validations/{name}/", {"result": "pass"})
    return str(world.mara.ok("POST", f"{one}submit/")["seal"])


def to_production(world: World, version: str, seal: str) -> int:
    """Three signatures, a window, a go, and the start; the id of the run."""
    one = f"releases/{version}/"
    for name, role in SIGNERS.items():
        body = {"role": role, "answer": "go", "seal": seal}
        world.callers[name].ok("POST", f"{one}sign-offs/", body, Portal_One_Time_Code=world.apps[name].code())
    now = datetime.now(UTC)
    window = {"start": now.isoformat(), "end": (now + timedelta(hours=2)).isoformat(), "zone": "Europe/Oslo"}
    said = {"answer": "go", "seal": seal, "window": window}
    # Not Mara: each person has one code in thirty seconds.
    world.nora.ok("POST", f"{one}decision/", said, Portal_One_Time_Code=world.apps["nora"].code())
    asked = world.ci.ok("GET", f"{one}readiness/?environment=live&moment=start")
    assert [blocker["code"] for blocker in asked["blockers"]] == ["backup_age"]
    world.theo.ok("POST", f"{one}facts/backup_age/", {"value": "clear", "link": "https://ops.example/1"})
    assert world.ci.ok("GET", f"{one}readiness/?environment=live&moment=start")["answer"] == "go"
    return int(world.theo.ok("POST", f"{one}deploy/", {"seal": seal})["run"])


def live(world: World) -> Any:
    """What serves in production, as it was seen."""
    return world.ci.ok("GET", "environments/")["results"][-1]["regions"][0]


def written_calls(file: str, version: str) -> str:
    """The shell lines of a document that take a build from CI to staging, for another version."""
    section = (ROOT / file).read_text().split("## From CI to staging", 1)[1]
    blocks = re.findall(r"```sh\n(.*?)```", section.split("\n## ", 1)[0], re.DOTALL)
    return "\n".join(blocks).replace("2027.1.0", version)


def pipeline(world: World) -> Path:
    """A folder as a pipeline has it: what was built, and the command."""
    folder = world.folder / "pipeline"
    if not folder.exists():
        (folder / "build").mkdir(parents=True)
        for component in ("patient-web", "scheduling"):
            built = own_platform.artefact(world.folder, component, "0.9")
            (folder / "build" / component).symlink_to(built)
        command = folder / "portal"
        call = f'PYTHONPATH={ROOT} exec {sys.executable} -m hmhp_portal.launcher "$@"'
        command.write_text(f"#!/bin/sh\n{call}\n")
        command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")
@pytest.mark.parametrize(("file", "version"), [("README.md", "2027.1.0"), ("docs/api.md", "2027.2.0")])
def test_written_calls_take_a_build_to_staging(world: World, file: str, version: str) -> None:
    script = written_calls(file, version).replace("http://localhost:8000", world.portal.url)
    for ours, theirs in (("live", "production"), ("preview", "staging")):
        script = script.replace(f"environment={theirs}", f"environment={ours}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=pipeline(world),
        env=clean_environment() | {"TOKEN": world.ci.token},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    world.ci.wait(f"releases/{version}/", lambda shown: shown["state"] == "validating")


def test_release_goes_from_ci_to_completed(world: World) -> None:
    entries = {
        name: {"artifact": digest_folder(own_platform.artefact(world.folder, name, "1.0")), "version": "1.0"}
        for name in ("patient-web", "scheduling")
    }
    create(world, "1.0.0", {"patient-web": entries["patient-web"]})
    world.ci.ok("PUT", "releases/1.0.0/components/scheduling/", entries["scheduling"])
    seal = to_review(world, "1.0.0")
    run = to_production(world, "1.0.0", seal)
    ended = world.ci.wait(f"deployments/{run}/", lambda shown: shown["state"] in ENDS)
    assert ended["state"] == "succeeded", ended["sentence"]
    with Visitors(live(world)["addresses"]["patient-web"]) as visitors:
        world.ci.wait("releases/1.0.0/", lambda shown: shown["state"] == "completed")
    assert set(visitors.statuses) == {200}
    assert set(visitors.texts) == {"1.0 of patient-web with 1.0 of scheduling"}


def test_second_release_shifts_traffic_without_a_lost_request(world: World) -> None:
    digest = digest_folder(own_platform.artefact(world.folder, "scheduling", "1.1"))
    made = create(world, "1.1.0", {"scheduling": {"artifact": digest, "version": "1.1"}})
    assert made["base"]["version"] == "1.0.0"
    seal = to_review(world, "1.1.0")
    with Visitors(live(world)["addresses"]["patient-web"]) as visitors:
        run = to_production(world, "1.1.0", seal)
        lines = follow(world, run)
        done = world.ci.wait("releases/1.1.0/", lambda shown: shown["state"] == "completed")
    assert done["production_run"] == run
    assert set(visitors.statuses) == {200}, visitors.statuses
    assert {"1.0 of patient-web with 1.1 of scheduling", "1.0 of patient-web with 1.0 of scheduling"} == set(
        visitors.texts
    )
    assert {40, 100} <= {weight for line in lines for weight in line["data"].get("weights", {}).values()}
    components = {c["name"]: c["version"] for c in live(world)["components"]}
    assert components == {"patient-web": "1.0", "scheduling": "1.1"}


def follow(world: World, run: int) -> list[Any]:
    """Every line of a run until its end, by `after`, none missing and none twice."""
    lines: list[Any] = []
    while True:
        after = lines[-1]["seq"] if lines else 0
        page = world.ci.wait(
            f"deployments/{run}/progress/?after={after}",
            lambda page: bool(page["lines"]) or page["state"] in ENDS,
        )
        lines += page["lines"]
        if page["state"] in ENDS and not page["more"]:
            assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
            return lines


def test_bad_release_comes_back_by_itself_and_its_lessons_go_on(world: World) -> None:
    digest = digest_folder(own_platform.artefact(world.folder, "scheduling", "1.2", fails_every=4))
    create(world, "1.2.0", {"scheduling": {"artifact": digest, "version": "1.2"}})
    seal = to_review(world, "1.2.0")
    with Visitors(live(world)["addresses"]["patient-web"]) as visitors:
        run = to_production(world, "1.2.0", seal)
        lines = follow(world, run)
        world.ci.wait("releases/1.2.0/", lambda shown: shown["state"] == "rolled_back")
        served = sum(visitors.statuses.values())
        world.ci.wait("environments/", lambda _: sum(visitors.statuses.values()) > served + 20)
    assert world.ci.ok("GET", f"deployments/{run}/")["state"] == "rolled_back"
    assert live(world)["release"] == "1.1.0"
    assert 0 not in visitors.statuses
    said = " ".join(line["text"] for line in lines)
    assert "Jane Roe" not in said
    assert world.ci.ok("GET", "environments/")["results"][-1]["lock"]["release"] == "1.2.0"
    lessons = {"cause": "One request in four failed", "lessons": "Test under load", "actions": ["Load test"]}
    world.mara.ok("POST", "releases/1.2.0/lessons/", lessons)
    assert world.ci.ok("GET", "environments/")["results"][-1]["lock"] is None
    made = world.mara.ok("POST", "releases/1.2.0/follow-up/", {"new_version": "1.2.1"})
    assert "Load test" in {item["title"] for item in made["checklist"]}


def test_wrong_artefact_is_refused_by_staging(world: World) -> None:
    built = own_platform.artefact(world.folder, "scheduling", "1.3")
    digest = digest_folder(built)
    (built / "how.json").write_text((built / "how.json").read_text() + " ")
    create(world, "1.3.0", {"scheduling": {"artifact": digest}})
    run = world.ci.ok("POST", "releases/1.3.0/stage/", {})["run"]
    ended = world.ci.wait(f"deployments/{run}/", lambda shown: shown["state"] in ENDS)
    assert ended["state"] == "failed"
    assert digest[:15] in ended["sentence"] or "artefact" in ended["sentence"]
    world.ci.wait("releases/1.3.0/", lambda shown: shown["state"] == "draft")


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        (b"GET /api/v1/releases/?text=\xc3\xa9 HTTP/1.1", b"", 400),
        (b"GET /api/v1/releases/%ff%00/ HTTP/1.1", b"", 404),
        (b"POST /api/v1/releases/ HTTP/1.1\r\nTransfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n", 411),
        (b"POST /api/v1/releases/ HTTP/1.1\r\nContent-Length: 5000000", b" " * 5_000_000, 413),
        (b"POST /api/v1/releases/ HTTP/1.1\r\nContent-Length: 2\r\nIdempotency-Key: \xc3\xa9", b"{}", 400),
    ],
)
def test_bytes_that_no_client_should_send_are_refused(
    world: World, head: bytes, body: bytes, status: int
) -> None:
    host, port = urlsplit(world.portal.url).hostname, urlsplit(world.portal.url).port
    headers = f"Host: localhost\r\nAuthorization: Bearer {world.ci.token}\r\nConnection: close\r\n"
    with socket.create_connection((host, port), timeout=30) as connection:
        connection.sendall(
            head + b"\r\nContent-Type: application/json\r\n" + headers.encode() + b"\r\n" + body
        )
        answer = connection.makefile("rb").readline()
    assert answer.split()[1] == str(status).encode(), answer
