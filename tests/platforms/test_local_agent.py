"""The agent's socket: who may call, what is refused, what the driver makes of silence."""

from __future__ import annotations

import stat
from typing import Any

import pytest

from platforms.base import PlatformRefused, PlatformUnavailable
from platforms.local.driver import LocalPlatform
from platforms.registry import open_platform
from tests.platforms.agent_fixture import LocalAgent


def test_wrong_token_is_turned_away(shared_agent: LocalAgent) -> None:
    settings = {**shared_agent.settings(), "agent_token": "another-token-altogether"}
    with pytest.raises(PlatformUnavailable, match="token is another one"):
        LocalPlatform("staging", "us-east", "synthetic", settings).observe()


def test_socket_is_closed_to_other_accounts(shared_agent: LocalAgent) -> None:
    assert stat.S_IMODE(shared_agent.socket.stat().st_mode) & 0o077 == 0


def test_silent_agent_is_unavailable(local_agent: LocalAgent) -> None:
    local_agent.stop()
    with pytest.raises(PlatformUnavailable, match="cannot be reached"):
        local_agent.open().observe()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "fence must be a whole number"),
        ({"fence": "1", "slot": {}}, "fence must be a whole number"),
        ({"fence": True, "slot": {}}, "fence must be a whole number"),
        ({"fence": 1, "slot": []}, "slot must be an object"),
        ({"fence": 1, "slot": {"slot": "a", "components": 5}}, "list of components"),
        ({"fence": 1, "slot": {"slot": "../a", "components": [{}]}}, "name of a component"),
        (
            {
                "fence": 1,
                "slot": {"slot": "a", "components": [{"name": "w", "kind": "http", "artifact": "sha256:1"}]},
            },
            "64 hex digits",
        ),
    ],
)
def test_malformed_request_is_refused(shared_agent: LocalAgent, body: dict[str, Any], says: str) -> None:
    with pytest.raises(PlatformRefused, match=says):
        shared_agent.open()._call("ensure", 5.0, **body)


@pytest.mark.parametrize("name", ["..", "a/b", "", "x" * 64, "üst"])
def test_name_that_cannot_be_a_folder_is_refused(shared_agent: LocalAgent, name: str) -> None:
    with pytest.raises((PlatformRefused, PlatformUnavailable)):
        shared_agent.open(name).observe()
    assert not (shared_agent.state / "targets" / name / "us-east").exists() or not name


def test_unknown_driver_is_refused_with_those_there_are() -> None:
    with pytest.raises(PlatformRefused, match="the drivers are: local"):
        open_platform("nomad", "staging", "us-east", "synthetic", {})


def test_settings_that_lack_something_are_refused(shared_agent: LocalAgent) -> None:
    settings = {**shared_agent.settings(), "artifacts": "relative/folder"}
    with pytest.raises(PlatformRefused, match="not absolute"):
        open_platform("local", "staging", "us-east", "synthetic", settings)
    with pytest.raises(PlatformRefused, match="agent_token is missing"):
        open_platform(
            "local", "staging", "us-east", "synthetic", {**settings, "artifacts": "/a", "agent_token": ""}
        )
