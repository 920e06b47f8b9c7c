"""The demo's visitors follow the agent's addresses, come steadily, and leave when told."""

from __future__ import annotations

import signal
import subprocess
import sys

from platforms.local.driver import LocalPlatform
from tests.platforms.agent_fixture import ROOT, Parts, eventually


def served(platform: LocalPlatform) -> int:
    return sum(edge.requests for edge in platform.observe().edges)


def test_visitors_come_to_every_region_until_sigterm(parts: Parts) -> None:
    platforms = [parts.open(region) for region in ("us-east", "eu-central")]
    command = [sys.executable, "examples/visitors.py", "--environment", parts.environment]
    command += [
        "--addresses",
        str(parts.agent.state / "addresses.json"),
        "--component",
        "web",
        "--rate",
        "40",
    ]
    visitors = subprocess.Popen(command, cwd=ROOT)
    try:
        for platform in platforms:
            parts.serve(platform, parts.slot("blue", parts.web("blue")))
        eventually(lambda: min(served(platform) for platform in platforms) > 60, 30)
    finally:
        visitors.send_signal(signal.SIGTERM)
    assert visitors.wait(5) == 0
    assert all(edge.errors == 0 for platform in platforms for edge in platform.observe().edges)
