"""pip, run for people: what it does as one moving line, what went wrong as one sentence.

Comes in: an interpreter and a lock. Goes out: installed requirements, or `Problem`. pip's own
configuration (index, certificates, proxy) is honoured; settings that would install elsewhere are not.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from hmhp_portal.embedded.child import end_with_parent
from hmhp_portal.launcher.problem import Problem

_ELSEWHERE = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONPATH", "PYTHONHOME", "PIP_DRY_RUN")
_CAUSES = (
    (r"No space left on device", "no room is left on the disk"),
    (r"DO NOT MATCH THE HASHES", "a downloaded package is not the one that the lock names (hash differs)"),
    (
        r"No matching distribution found for ([^\s;]+)",
        "there is no wheel of {0} for this Python and system at the package index",
    ),
    (r"(?:ConnectTimeout|ReadTimeout|NewConnectionError|Failed to establish|Name or service not known"
     r"|Temporary failure in name resolution|Max retries exceeded)", "the package index cannot be reached"),
    (r"No module named pip", "this Python has no pip (on Debian: apt install python3-venv)"),
)  # fmt: skip


def has_ensurepip() -> bool:
    """Debian's Python comes without it unless python3-venv is installed."""
    return find_spec("ensurepip") is not None


def run(python: Path, lock: Path, log: Path) -> None:
    """Install the lock into the environment of `python`. Raises Problem with the cause."""
    total = sum(1 for line in lock.read_text().splitlines() if re.match(r"[A-Za-z0-9].*==", line))
    print(f"Installing {total} locked requirements ({lock.name}; details in {log})", flush=True)
    command = [*_pip(python), "install", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "-r", str(lock)]
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment | {"PYTHONUNBUFFERED": "1"},
            preexec_fn=end_with_parent(signal.SIGKILL),
        )
        _watch(child, python, log, total)
    if child.returncode != 0:
        raise Problem(f"installing the requirements failed: {_cause(log)}. Details: {log}")


def _pip(python: Path) -> list[str]:
    """The environment's own pip, or this Python's pip working on the environment."""
    if has_ensurepip():
        return [str(python), "-m", "pip"]
    if find_spec("pip") is None:
        raise Problem(
            f"Python at {sys.executable} has neither ensurepip nor pip, so nothing can be installed "
            "(on Debian and Ubuntu: apt install python3-venv)."
        )
    return [sys.executable, "-m", "pip", "--python", str(python)]


def _watch(child: subprocess.Popen[bytes], python: Path, log: Path, total: int) -> None:
    shown, shown_at = "", 0.0
    width = 0
    live = sys.stdout.isatty()
    while child.poll() is None:
        time.sleep(0.2)
        line = _where(python, log, total)
        due = live or time.monotonic() - shown_at > 5
        if line != shown and due:
            shown, shown_at = line, time.monotonic()
            text = f"  {line}"
            print(("\r" + text.ljust(width)) if live else text, end="" if live else "\n", flush=True)
            width = len(text)
    if live:
        print("\r" + " " * width + "\r", end="", flush=True)


def _where(python: Path, log: Path, total: int) -> str:
    """What pip is at: counted from its log while it collects, from the folder while it unpacks."""
    text = log.read_text(errors="replace")
    if "Installing collected packages" in text:
        there = sum(1 for _ in (python.parents[1] / "lib").glob("python*/site-packages/*.dist-info"))
        return f"unpacking {min(there, total)} of {total}"
    collected = re.findall(r"^Collecting (\S+?)(?:==(\S+))?(?: .*)?$", text, re.M)
    sizes = re.findall(r"^\s+Downloading \S+ \(([\d.]+ \wB)\)", text, re.M)
    if not collected:
        return "asking the package index"
    name, version = collected[-1]
    return f"fetching {len(collected)} of {total}: {name} {version}{' (' + sizes[-1] + ')' if sizes else ''}"


def _cause(log: Path) -> str:
    text = log.read_text(errors="replace")
    for pattern, sentence in _CAUSES:
        found = re.search(pattern, text)
        if found:
            return sentence.format(*found.groups())
    errors = [line for line in text.splitlines() if line.startswith("ERROR")]
    return (
        (errors or text.strip().splitlines() or ["pip said nothing"])[-1].removeprefix("ERROR: ").rstrip(".")
    )
