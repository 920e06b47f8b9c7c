"""Processes of a slot: what they are given, why they are not ready, and that they end."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
from dataclasses import replace
from typing import Any

import pytest

from platforms.base import ComponentState, PlatformRefused, Routing, SlotSpec
from platforms.local.driver import LocalPlatform
from tests.platforms.agent_fixture import LocalAgent, Parts, eventually


def component(platform: LocalPlatform, name: str = "web") -> ComponentState:
    """That component of the one slot there is."""
    (slot,) = platform.observe().slots
    return next(c for c in slot.components if c.name == name)


def environment_of(parts: Parts, platform: LocalPlatform) -> dict[str, str]:
    web = replace(parts.web("blue"), configuration={"LOG_LEVEL": "info"})
    edge = parts.serve(platform, parts.slot("blue", web, replace(web, name="care-plan", edge=False)))
    connection = http.client.HTTPConnection(edge, timeout=10)
    connection.request("GET", "/environment")
    found: dict[str, str] = json.loads(connection.getresponse().read())
    connection.close()
    return found


def test_process_knows_where_it_runs_and_its_neighbours(parts: Parts) -> None:
    found = environment_of(parts, parts.open("eu-central"))
    where = {key: found[key] for key in ("ENVIRONMENT", "REGION", "SLOT", "RELEASE", "LOG_LEVEL")}
    assert where == {
        "ENVIRONMENT": parts.environment,
        "REGION": "eu-central",
        "SLOT": "blue",
        "RELEASE": "release of blue",
        "LOG_LEVEL": "info",
    }
    assert found["WEB_URL"] == f"http://127.0.0.1:{found['PORT']}"
    assert found["CARE_PLAN_URL"].startswith("http://127.0.0.1:")


def test_process_gets_nothing_of_the_portals_environment(parts: Parts) -> None:
    found = environment_of(parts, parts.open())
    assert "PORTAL_SECRET_KEY" not in found
    assert "HOME" not in found


def test_crashing_process_is_told_in_words_with_its_last_line(parts: Parts) -> None:
    platform = parts.open()
    crash = parts.web("blue", command=["{python}", "main.py", "crash"])
    platform.ensure(1, parts.slot("blue", crash))
    reason = eventually(lambda: component(platform).restarts >= 2 and component(platform).reason)
    assert reason.startswith("exited with 1 t")
    assert reason.endswith("no configuration found")
    assert not component(platform).ready


def test_end_of_a_process_is_seen_though_one_it_started_lives_on(own_parts: Parts) -> None:
    platform = own_parts.open()
    left = own_parts.web("blue", command=["{python}", "main.py", "parent"])
    platform.ensure(1, own_parts.slot("blue", left))
    eventually(lambda: component(platform).restarts >= 2)
    assert len(own_parts.agent.processes()) <= 3  # its proxy, and at most one start with its child
    own_parts.agent.stop()
    eventually(lambda: own_parts.agent.processes() == [])


def test_agent_ends_while_its_proxies_start(own_parts: Parts) -> None:
    own_parts.serve(own_parts.open(), own_parts.slot("blue", own_parts.web("blue")))
    for _ in range(3):
        own_parts.agent.stop()
        own_parts.agent.start()


def test_unhealthy_process_is_told_with_its_answer(parts: Parts) -> None:
    platform = parts.open()
    platform.ensure(1, parts.slot("blue", parts.web("blue", health="/status/503")))
    eventually(lambda: "answers 503 on /status/503" in component(platform).reason)
    assert component(platform).restarts == 0


def test_killed_process_is_started_again(parts: Parts) -> None:
    platform = parts.open()
    edge = parts.serve(platform, parts.slot("blue", parts.web("blue")))
    connection = http.client.HTTPConnection(edge, timeout=10)
    connection.request("GET", "/die")
    assert connection.getresponse().status == 502
    eventually(lambda: component(platform).restarts == 1 and component(platform).ready)


def test_changed_artifact_is_not_started_again(own_parts: Parts) -> None:
    platform = own_parts.open()
    edge = own_parts.serve(platform, own_parts.slot("blue", own_parts.web("blue")))
    changed = own_parts.agent.artifacts / "part-blue" / "content.txt"
    was = changed.stat()
    changed.write_text("BLUE")
    os.utime(changed, ns=(was.st_atime_ns, was.st_mtime_ns))  # same size, same time
    connection = http.client.HTTPConnection(edge, timeout=10)
    connection.request("GET", "/die")
    eventually(lambda: "had the digest" in component(platform).reason)
    assert component(platform).artifact == ""


def test_changed_artifact_is_refused_as_another_one(own_parts: Parts) -> None:
    slot = own_parts.slot("blue", own_parts.web("blue"))
    platform = own_parts.open()
    assert platform.probe(slot).problems == ()
    (own_parts.agent.artifacts / "part-blue" / "more.txt").touch()
    with pytest.raises(PlatformRefused) as refused:
        platform.ensure(1, slot)
    assert refused.value.code == "artifact_mismatch"


def test_compiled_code_that_the_digest_leaves_out_is_never_run(own_parts: Parts) -> None:
    slot = own_parts.slot("blue", own_parts.web("blue"))
    planted = own_parts.agent.artifacts / "part-blue" / "__pycache__" / "json.cpython-311.pyc"
    planted.parent.mkdir()
    planted.write_bytes(b"not what was reviewed")
    own_parts.serve(own_parts.open(), slot)
    assert not planted.exists()


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ({"command": "python main.py"}, "command must be a list of words"),
        ({"command": ["{pyton}"]}, "command names {pyton}"),
        ({"health": "healthz"}, "health must be a path"),
        ({"replicas": 0}, "replicas must be a number from 1"),
        ({"stop_secs": 3}, "unknown key stop_secs"),
    ],
)
def test_wrong_manifest_is_refused_with_what_is_wrong(
    parts: Parts, manifest: dict[str, Any], says: str
) -> None:
    slot = parts.slot("blue", parts.web("blue", **manifest))
    with pytest.raises(PlatformRefused, match=says):
        parts.open().ensure(1, slot)
    assert any(says in problem for problem in parts.open().probe(slot).problems)


def test_configuration_cannot_set_what_the_target_sets(parts: Parts) -> None:
    slot = parts.slot("blue", replace(parts.web("blue"), configuration={"DATABASE_URL": "elsewhere"}))
    with pytest.raises(PlatformRefused, match="sets DATABASE_URL"):
        parts.open().ensure(1, slot)


def test_another_data_class_is_refused_while_slots_are_there(parts: Parts) -> None:
    parts.serve(parts.open(data_class="anonymized"), parts.slot("blue", parts.web("blue")))
    with pytest.raises(PlatformRefused) as refused:
        parts.open(data_class="production").ensure(1, parts.slot("green"))
    assert refused.value.code == "data_class"


def test_making_room_again_leaves_what_runs(parts: Parts) -> None:
    platform = parts.open()
    parts.serve(platform, parts.slot("blue", parts.web("blue")))
    platform.ensure(1, SlotSpec("blue", "release of blue", ()))
    assert component(platform).ready


def test_former_worker_has_ended_before_the_next_begins(parts: Parts) -> None:
    platform = parts.open()
    for name in ("blue", "green"):
        platform.ensure(1, parts.slot(name, parts.worker(name, END_SECONDS="0.5")))
    for name in ("blue", "green", "blue"):
        platform.switch(1, Routing({}, name))
        eventually(lambda: component_of(platform, name).ready)  # noqa: B023  (called at once)
    # fmt: off
    assert parts.journaled() == ["began blue", "ended blue", "began green", "ended green", "began blue"]
    # fmt: on


def component_of(platform: LocalPlatform, slot: str) -> Any:
    """The worker of that slot, or one that is not ready while it does not run."""
    found = platform.observe().slot(slot)
    assert found is not None
    worker = found.components[0]
    return worker if worker.active else replace(worker, ready=False)


def test_schedule_runs_again_and_again_in_one_slot_only(parts: Parts) -> None:
    platform = parts.open()
    for name in ("blue", "green"):
        manifest = {"command": ["{python}", "main.py", "schedule"], "every": 1}
        schedule = replace(parts.worker(name), name="reminders", kind="schedule", manifest=manifest)
        platform.ensure(1, parts.slot(name, schedule))
    platform.switch(1, Routing({}, "green"))
    eventually(lambda: len(parts.journaled()) >= 2)
    assert set(parts.journaled()) == {"ran green"}


def test_retired_slot_waits_for_its_request_in_flight(parts: Parts) -> None:
    platform = parts.open()
    edge = parts.serve(
        platform, parts.slot("blue", parts.web("blue")), parts.slot("green", parts.web("green"))
    )
    connection = http.client.HTTPConnection(edge, timeout=10)
    connection.request("GET", "/slow?seconds=1")
    eventually(lambda: [e for e in platform.observe().edges if e.open_connections])
    platform.switch(1, Routing({"green": 100}, None))
    platform.retire(1, "blue")
    assert connection.getresponse().read() == b"blue"
    eventually(lambda: [slot.slot for slot in platform.observe().slots] == ["green"])


def test_last_slot_takes_the_proxy_with_it_and_the_next_has_its_port(parts: Parts) -> None:
    platform = parts.open()
    edge = parts.serve(platform, parts.slot("blue", parts.web("blue")))
    platform.switch(1, Routing({}, None))
    platform.retire(1, "blue")
    eventually(lambda: parts.listing()["proxy"] is None)
    assert platform.observe().slots == ()
    assert parts.serve(platform, parts.slot("green", parts.web("green"))) == edge


def test_agent_ends_all_its_processes(own_parts: Parts) -> None:
    own_parts.serve(own_parts.open(), own_parts.slot("blue"), own_parts.slot("green"))
    assert len(own_parts.agent.processes()) >= 3
    own_parts.agent.stop(signal.SIGTERM)
    assert own_parts.agent.processes() == []


def test_killed_agent_leaves_no_process(own_parts: Parts) -> None:
    platform = own_parts.open()
    own_parts.serve(platform, own_parts.slot("blue"), own_parts.slot("green"))
    platform.switch(1, Routing({"blue": 100}, "blue"))
    eventually(lambda: len(own_parts.agent.processes()) >= 4)
    own_parts.agent.stop(signal.SIGKILL)
    eventually(lambda: own_parts.agent.processes() == [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_agent_takes_up_what_was_wanted(own_parts: Parts, number: signal.Signals) -> None:
    platform = own_parts.open()
    edge = own_parts.serve(platform, own_parts.slot("blue"), own_parts.slot("green"))
    platform.switch(6, Routing({"blue": 30, "green": 70}, "green"))
    own_parts.agent.stop(number)
    own_parts.agent.start()
    seen = eventually(lambda: all(s.ready for s in platform.observe().slots) and platform.observe())
    assert (dict(seen.weights), seen.background, seen.fence) == ({"blue": 30, "green": 70}, "green", 6)
    assert seen.addresses["web"] == f"http://{edge}"
    assert {slot.slot for slot in seen.slots} == {"blue", "green"}


def test_lines_grow_over_a_restart_of_the_agent(own_parts: Parts) -> None:
    platform = own_parts.open()
    own_parts.serve(platform, own_parts.slot("blue", own_parts.web("blue")))
    before = eventually(lambda: platform.lines("blue", {}))
    own_parts.agent.stop()
    own_parts.agent.start()
    after = {name: position for name, position, _ in before}
    assert eventually(lambda: platform.lines("blue", after))[0][1] > before[-1][1]


def test_second_agent_on_the_same_folder_is_refused(local_agent: LocalAgent) -> None:
    second = LocalAgent()
    shutil.rmtree(second.state, ignore_errors=True)
    second.state = local_agent.state
    with pytest.raises(pytest.fail.Exception, match="another agent uses"):
        second.start()
    shutil.rmtree(second.folder)
