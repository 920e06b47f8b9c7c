"""What the command line asks of a cluster, and what of it can be known without one: files, contexts, words.

Needs the standard library alone, so that a wrong file is told before minutes of installing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hmhp_portal.launcher.problem import Problem

IMAGE = "docker.io/library/python:3.13-slim"
PREFIX = "hmhp-demo"
LONGEST_PREFIX = 30
MARK = "release.hmhp.example/demo"
"""Label of a namespace that a demo works in; its value is the key of the data folder."""

ELSEWHERE = (
    "takes no --kubeconfig: the targets of your platform file name kubeconfig and context "
    "(docs/kubernetes.md). It goes with `./portal demo`."
)


@dataclass(frozen=True)
class Wish:
    """A kubeconfig and what is chosen of it; `gateway` is NAMESPACE/NAME, `prefix` begins each namespace."""

    kubeconfig: Path
    context: str = ""
    image: str = IMAGE
    gateway: str = ""
    prefix: str = PREFIX


def read(
    command: str, *, kubeconfig: Path | None, context: str, image: str, gateway: str, prefix: str
) -> Wish | None:
    """The wish, None without a kubeconfig; raises Problem for words that make none."""
    if kubeconfig is None:
        others = {"--context": context, "--image": image, "--gateway": gateway, "--namespace": prefix}
        given = next((name for name, value in others.items() if value), "")
        if given:
            raise Problem(f"{given} goes with --kubeconfig FILE.")
        return None
    if command != "demo":
        raise Problem(f"{command} {ELSEWHERE}")
    path = kubeconfig.expanduser().absolute()
    if not path.is_file():
        raise Problem(f"there is no kubeconfig {path}.")
    if gateway and not re.fullmatch(r"[a-z0-9-]+/[a-z0-9.-]+", gateway):
        raise Problem("--gateway is given as NAMESPACE/NAME.")
    prefix = prefix or PREFIX
    if not re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", prefix) or len(prefix) > LONGEST_PREFIX:
        raise Problem(
            f"--namespace begins the names of all namespaces: at most {LONGEST_PREFIX} small letters, "
            "digits and dashes, a letter first."
        )
    return Wish(path, context, image or IMAGE, gateway, prefix)


def removal(settled: Mapping[str, Any], mark: str) -> str:
    """The command with which a person removes the namespaces that the demo made."""
    how = f"--kubeconfig {settled['kubeconfig']} --context {settled['context']}"
    return f"kubectl {how} delete namespace -l {MARK}={mark},app.kubernetes.io/managed-by=hmhp-portal"
