"""The proxy passes everything on, splits by weight, keeps clients and counts what it served."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import os
import signal
from collections import Counter
from dataclasses import replace

import pytest

from platforms.base import EdgeStats, Observation, PlatformRefused, Routing
from platforms.local.driver import LocalPlatform
from tests.platforms.agent_fixture import Parts, eventually


@pytest.fixture
def platform(parts: Parts) -> LocalPlatform:
    return parts.open()


@pytest.fixture
def edge(parts: Parts, platform: LocalPlatform) -> str:
    """host:port of an edge behind which blue serves and green is ready."""
    return parts.serve(
        platform, parts.slot("blue", parts.web("blue")), parts.slot("green", parts.web("green"))
    )


Answer = tuple[int, http.client.HTTPMessage, bytes]


def ask(edge: str, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(edge, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body=body, headers=named)
    answer = connection.getresponse()
    found = answer.status, answer.headers, answer.read()
    connection.close()
    return found


def counts(seen: Observation, slot: str) -> EdgeStats:
    return next(edge for edge in seen.edges if edge.slot == slot)


def test_new_clients_are_split_by_weight(platform: LocalPlatform, edge: str) -> None:
    platform.switch(1, Routing({"blue": 90, "green": 10}, None))
    served = Counter(ask(edge)[2].decode() for _ in range(100))
    assert served == {"blue": 90, "green": 10}


def test_answer_names_slot_and_release(edge: str) -> None:
    _, headers, _ = ask(edge)
    assert (headers["X-HMHP-Slot"], headers["X-HMHP-Release"]) == ("blue", "release of blue")


def test_client_keeps_its_slot_while_that_has_weight(platform: LocalPlatform, edge: str) -> None:
    cookie = ask(edge)[1]["Set-Cookie"].partition(";")[0]
    platform.switch(1, Routing({"blue": 1, "green": 99}, None))
    answers = [ask(edge, Cookie=f"other=1; {cookie}") for _ in range(20)]
    assert {answer[2] for answer in answers} == {b"blue"}
    assert not any("Set-Cookie" in answer[1] for answer in answers)


def test_client_leaves_with_its_next_request_when_the_weight_is_0(platform: LocalPlatform, edge: str) -> None:
    kept = http.client.HTTPConnection(edge, timeout=10)
    kept.request("GET", "/")
    first = kept.getresponse()
    assert first.read() == b"blue"
    cookie = first.headers["Set-Cookie"].partition(";")[0]
    platform.switch(2, Routing({"blue": 0, "green": 100}, None))
    kept.request("GET", "/", headers={"Cookie": cookie})
    second = kept.getresponse()
    assert second.read() == b"green"
    assert "=green;" in second.headers["Set-Cookie"]
    kept.close()


def test_bodies_are_streamed_both_ways(edge: str) -> None:
    body = os.urandom(5_000_000)
    status, headers, echoed = ask(edge, "/echo", "POST", body)
    assert (status, headers["X-Method"]) == (200, "POST")
    assert hashlib.sha256(echoed).digest() == hashlib.sha256(body).digest()


def test_chunked_and_compressed_bodies_pass_unchanged(edge: str) -> None:
    packed = gzip.compress(b"unpacked by the service alone")
    connection = http.client.HTTPConnection(edge, timeout=10)
    pieces = iter([packed[:10], packed[10:]])
    connection.request("PUT", "/echo", body=pieces, headers={"Content-Encoding": "gzip"}, encode_chunked=True)
    assert connection.getresponse().read() == b"unpacked by the service alone"
    connection.close()
    assert gzip.decompress(ask(edge, "/gzip")[2]) == b"packed"


def test_expect_continue_is_answered(edge: str) -> None:
    _, _, echoed = ask(edge, "/echo", "POST", b"body", Expect="100-continue")
    assert echoed == b"body"


def test_headers_pass_except_those_of_the_connection(edge: str) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    _, _, body = ask(edge, "/headers", traceparent=trace, Connection="X-Mine", X_Mine="1", X_Other="2")
    seen = {name.lower(): value for name, value in json.loads(body)}
    assert (seen["traceparent"], seen["x-other"], seen["host"]) == (trace, "2", edge)
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert "x-mine" not in seen


@pytest.mark.parametrize("status", [204, 304, 404, 500])
def test_status_passes(edge: str, status: int) -> None:
    assert ask(edge, f"/status/{status}")[0] == status


def test_head_keeps_the_length_and_sends_no_body(edge: str) -> None:
    status, headers, body = ask(edge, "/", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "4", b"")


def test_requests_errors_and_latency_are_counted_per_slot(platform: LocalPlatform, edge: str) -> None:
    for path in ("/", "/status/404", "/status/503", "/slow?seconds=0.12"):
        ask(edge, path)
    seen = counts(platform.observe(), "blue")
    assert (seen.requests, seen.errors) == (4, 1)
    assert seen.latency_ms[float("inf")] == 4
    assert seen.latency_ms[100] < 4
    assert list(seen.latency_ms.values()) == sorted(seen.latency_ms.values())


def test_broken_answers_count_as_errors_and_break_off(platform: LocalPlatform, edge: str) -> None:
    assert ask(edge, "/break?length=1000")[0] == 502
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        ask(edge, "/break?length=1000000")
    assert ask(edge, "/drop", "POST", b"once")[0] == 502
    seen = counts(platform.observe(), "blue")
    assert (seen.requests, seen.errors) == (3, 3)


def test_client_that_goes_away_is_no_error_of_the_slot(platform: LocalPlatform, edge: str) -> None:
    connection = http.client.HTTPConnection(edge, timeout=10)
    connection.request("GET", "/slow?seconds=0.5")
    eventually(lambda: [e for e in platform.observe().edges if e.open_connections])
    connection.close()
    eventually(lambda: not counts(platform.observe(), "blue").open_connections)
    assert counts(platform.observe(), "blue").errors == 0


def test_restart_of_a_service_leaves_no_dead_connection(platform: LocalPlatform, edge: str) -> None:
    assert ask(edge)[0] == 200
    assert ask(edge, "/die")[0] == 502
    eventually(lambda: restarted(platform))
    assert [ask(edge)[0] for _ in range(5)] == [200] * 5


def restarted(platform: LocalPlatform) -> bool:
    slot = platform.observe().slot("blue")
    return slot is not None and slot.components[0].restarts == 1 and slot.ready


def test_nothing_serves_without_weights(platform: LocalPlatform, edge: str) -> None:
    platform.switch(1, Routing({}, None))
    status, headers, body = ask(edge)
    assert (status, headers["Retry-After"]) == (503, "5")
    assert b"Nothing serves web" in body


def test_changed_weights_are_logged_with_fence_and_who(
    parts: Parts, platform: LocalPlatform, edge: str
) -> None:
    platform.switch(7, Routing({"blue": 50, "green": 50}, None))
    platform.by_hand("blue", "devon")
    log = parts.agent.state / "targets" / parts.environment / "us-east" / "weights.log"
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(e["fence"], e["weights"], e["who"]) for e in entries[-2:]] == [
        (7, {"blue": 50, "green": 50}, "portal"),
        (8, {"blue": 100}, "by hand: devon"),
    ]


def test_act_by_hand_leaves_a_mark_and_refuses_the_run_that_did_not_look(
    platform: LocalPlatform, edge: str
) -> None:
    platform.by_hand("green", "devon")
    seen = platform.observe()
    assert (seen.mark, dict(seen.weights)) == ("offline", {"green": 100})
    with pytest.raises(PlatformRefused, match="fence"):
        platform.switch(1, Routing({"blue": 100}, None))
    platform.switch(seen.fence, Routing({"blue": 100}, None))
    assert platform.observe().mark == ""


def test_prometheus_reads_the_counters(parts: Parts, edge: str) -> None:
    ask(edge)
    text = ask(parts.listing()["metrics"].split("/")[2], "/metrics")[2].decode()
    where = f'environment="{parts.environment}",region="us-east",component="web",slot="blue"'
    assert f"hmhp_edge_requests_total{{{where}}} 1" in text
    assert f'hmhp_edge_latency_milliseconds_bucket{{{where},le="+Inf"}} 1' in text


def test_killed_proxy_comes_back_on_its_port_with_its_weights(
    parts: Parts, platform: LocalPlatform, edge: str
) -> None:
    platform.switch(3, Routing({"blue": 50, "green": 50}, None))
    killed = parts.listing()["proxy"]
    os.kill(killed, signal.SIGKILL)
    served = Counter(ask(edge)[2].decode() for _ in range(10))  # wait in the port's queue meanwhile
    assert served == {"blue": 5, "green": 5}
    assert parts.listing()["proxy"] not in (killed, None)


def test_taken_port_is_told_before_and_when_it_is_needed(parts: Parts, edge: str) -> None:
    port = int(edge.rpartition(":")[2])
    other = parts.open("eu-central", ports={"web": port})
    problems = other.probe(parts.slot("blue", parts.web("blue"))).problems
    assert any(str(port) in problem for problem in problems)


def test_two_processes_of_a_component_share_its_requests(parts: Parts) -> None:
    platform = parts.open()
    edge = parts.serve(platform, parts.slot("blue", parts.web("blue", replicas=2)))
    ports = Counter(json.loads(ask(edge, "/environment")[2])["PORT"] for _ in range(10))
    assert sorted(ports.values()) == [5, 5]


def test_component_that_a_slot_does_not_have_is_not_served(parts: Parts) -> None:
    platform = parts.open()
    second = replace(parts.web("blue"), name="clinic")
    parts.serve(
        platform, parts.slot("blue", parts.web("blue"), second), parts.slot("green", parts.web("green"))
    )
    platform.switch(1, Routing({"blue": 0, "green": 100}, None))
    clinic = platform.observe().addresses["clinic"].removeprefix("http://")
    assert ask(clinic)[0] == 503
