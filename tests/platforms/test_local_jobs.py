"""Jobs run once for each key, whatever happens to the agent."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from platforms.base import JobResult, JobSpec, PlatformRefused
from platforms.local.driver import LocalPlatform
from tests.platforms.agent_fixture import Parts, eventually


def job(name: str, key: str = "run 1", timeout_seconds: int = 30) -> JobSpec:
    return JobSpec(key, "blue", "web", name, timeout_seconds)


def ended(parts: Parts, platform: LocalPlatform, spec: JobSpec) -> JobResult:
    def result() -> Any:
        found = platform.run_job(1, parts.slot("blue"), spec)
        return found if found.state != "running" else None

    found: JobResult = eventually(result)
    return found


def test_key_that_ran_runs_no_more_after_a_restart(own_parts: Parts) -> None:
    platform = own_parts.open()
    first = ended(own_parts, platform, job("good"))
    own_parts.agent.stop()
    own_parts.agent.start()
    assert platform.run_job(1, own_parts.slot("blue"), job("good")) == first
    assert own_parts.journaled() == ["job good"]


def test_each_target_has_its_own_keys(parts: Parts) -> None:
    for region in ("us-east", "eu-central"):
        ended(parts, parts.open(region), job("good"))
    assert parts.journaled() == ["job good", "job good"]


def test_failed_job_tells_exit_code_and_last_line(parts: Parts) -> None:
    result = ended(parts, parts.open(), job("fail"))
    assert (result.state, result.exit_code) == ("failed", 3)
    assert result.lines[-2:] == ("column does not exist", "exited with 3")


def test_job_beyond_its_time_is_stopped_and_failed(parts: Parts) -> None:
    result = ended(parts, parts.open(), job("wait", timeout_seconds=1))
    assert result.state == "failed"
    assert "stopped: it had not ended after 1 s" in result.lines
    assert result.exit_code == -15


def test_job_that_the_agent_did_not_outlive_is_failed(own_parts: Parts) -> None:
    platform = own_parts.open()
    assert platform.run_job(1, own_parts.slot("blue"), job("wait")).state == "running"
    eventually(lambda: platform.run_job(1, own_parts.slot("blue"), job("wait")).lines)
    own_parts.agent.stop(signal.SIGKILL)
    own_parts.agent.start()
    result = platform.run_job(1, own_parts.slot("blue"), job("wait"))
    assert result.state == "failed"
    assert "how far it came is not known" in result.lines[-1]


def test_much_output_keeps_its_beginning_and_its_end(parts: Parts) -> None:
    result = ended(parts, parts.open(), job("much"))
    assert result.truncated
    assert (result.lines[1], result.lines[-1]) == ("line 0", "line 4999")
    assert len(result.lines) < 2_100


def test_job_reaches_its_own_colour(parts: Parts) -> None:
    platform = parts.open()
    parts.serve(platform, parts.slot("blue"))
    assert '"url": "http://127.0.0.1:' in ended(parts, platform, job("good")).lines[0]


def test_key_of_another_job_is_refused(parts: Parts) -> None:
    platform = parts.open()
    ended(parts, platform, job("good"))
    with pytest.raises(PlatformRefused, match="was given to the job"):
        platform.run_job(1, parts.slot("blue"), job("fail"))
