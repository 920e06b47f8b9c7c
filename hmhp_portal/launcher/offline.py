"""`./portal rollback-offline FILE`: a run's way back with no database, broker or web process.

Comes in: the file that the run left beside it. Goes out: blue serves in every region whose target answers,
under a fence one higher than the target's own and with the mark `offline`; the portal writes the act down
when it is back. A local target needs the standard library alone, so it works without the virtual environment
too; a Kubernetes target needs the environment's client.
"""

from __future__ import annotations

import argparse
import getpass
import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from hmhp_portal.launcher.problem import Problem
from platforms.base import Observation, PlatformError
from platforms.local.driver import LocalPlatform

FORMAT = 1


class Target(Protocol):
    """A target that can be sent back past the portal."""

    def observe(self) -> Observation:
        """What is there now."""

    def by_hand(self, slot: str, who: str, reason: str = "") -> None:
        """All to one slot, under a higher fence and with a mark."""


def run(arguments: Sequence[str]) -> int:
    """Send all regions back; 0 when all are, 1 when one is not. Raises Problem for a wrong file or region."""
    given = _parse(arguments)
    document = _read(given.file)
    _know_regions(document, given.region or ())
    print(f"{document['what']}")
    missing = 0
    for entry in document["regions"]:
        if given.region and entry["region"] not in given.region:
            continue
        missing += not _send_back(document, entry, given)
    if missing:
        print(f"{missing} region(s) not back: run this again, it may be repeated.", file=sys.stderr)
    else:
        print("Back. When the portal runs again it writes this down by itself and follows.")
    return 1 if missing else 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./portal rollback-offline", allow_abbrev=False)
    parser.add_argument("file", type=Path, help="DIR/way-back/run-….json")
    parser.add_argument("--by", default=getpass.getuser(), help="who does it (default: the account here)")
    parser.add_argument("--reason", default="", help="why, for the record")
    parser.add_argument("--region", action="append", help="only this one; may be given more than once")
    parser.add_argument("--kubeconfig", help="another way to the cluster than the portal's own")
    parser.add_argument("--context", help="of that kubeconfig (its current one when left out)")
    return parser.parse_args(list(arguments))


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text())
        if document["format"] != FORMAT:
            raise Problem(f"{file} has format {document['format']}, this portal reads {FORMAT}.")
        known = {"what", "environment", "green", "blue", "regions"} <= set(document)
    except FileNotFoundError:
        raise Problem(
            f"there is no file {file}; a run leaves it in the folder way-back of its data."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Problem(f"{file} is not the way back of a run ({type(error).__name__}).") from None
    if not known:
        raise Problem(f"{file} is not the way back of a run: something is missing in it.")
    return dict(document)


def _know_regions(document: dict[str, Any], named: Sequence[str]) -> None:
    """A region that is misspelt would leave everything as it is, and say that it is back."""
    there = [entry["region"] for entry in document["regions"]]
    unknown = [region for region in named if region not in there]
    if unknown:
        raise Problem(f"nothing was done: the file knows no region {unknown[0]}; it has {', '.join(there)}.")


def needs_client(arguments: Sequence[str]) -> bool:
    """Does the file name a target that is reached by a library of the virtual environment?"""
    try:
        return any(e["driver"] == "kubernetes" for e in _read(_parse(arguments).file)["regions"])
    except (KeyError, TypeError):
        return False


def _send_back(document: dict[str, Any], entry: dict[str, Any], given: argparse.Namespace) -> bool:
    """One region; tells what is in force there, or what to do."""
    region, to = entry["region"], document["blue"] or ""
    if entry["driver"] not in ("local", "kubernetes"):
        command = entry.get("command", "the driver's own tool with the weights in this file")
        print(f"{region}: not done from here ({entry['driver']}). Use {command}.", file=sys.stderr)
        return False
    try:
        platform = _open(document, entry, given)
        before = platform.observe()
        platform.by_hand(to, given.by, given.reason)
        after = platform.observe()
    except PlatformError as error:
        print(f"{region}: {error} {_what_to_do(entry)}", file=sys.stderr)
        return False
    now = {slot: weight for slot, weight in after.weights.items() if weight}
    shown = ", ".join(f"{slot} {weight} %" for slot, weight in now.items()) or "nothing"
    print(f"{region}: {shown} (fence {before.fence} → {after.fence}, mark {after.mark})")
    return now == dict(entry["weights"])


def _open(document: dict[str, Any], entry: dict[str, Any], given: argparse.Namespace) -> Target:
    if entry["driver"] == "kubernetes":
        return _open_cluster(document, entry, given)
    own = {"agent_socket": entry["agent_socket"], "agent_token": _token(entry)}
    settings = {**entry.get("settings", {}), **own}
    return LocalPlatform(document["environment"], entry["region"], entry["data_class"], settings)


def _open_cluster(document: dict[str, Any], entry: dict[str, Any], given: argparse.Namespace) -> Target:
    # By name: the launcher itself runs before there is a virtual environment with the cluster's client.
    driver = importlib.import_module("platforms.kubernetes.driver")
    settings = dict(entry["settings"])
    if given.kubeconfig:
        for other in ("in_cluster", "server", "token_file", "ca_file", "context"):
            settings.pop(other, None)
        settings["kubeconfig"] = str(Path(given.kubeconfig).expanduser().absolute())
    if given.context:
        settings["context"] = given.context
    found: Target = driver.KubernetesPlatform(
        document["environment"], entry["region"], entry["data_class"], settings
    )
    return found


def _token(entry: dict[str, Any]) -> str:
    given = os.environ.get("PORTAL_LOCAL_AGENT_TOKEN", "")
    if given:
        return given
    try:
        return Path(entry["agent_token_file"]).read_text().strip()
    except OSError as error:
        raise Problem(
            f"the agent's token cannot be read from {entry['agent_token_file']} ({error.strerror}): "
            "call this as the account that runs the portal, or set PORTAL_LOCAL_AGENT_TOKEN."
        ) from None


def _what_to_do(entry: dict[str, Any]) -> str:
    if entry["driver"] == "kubernetes":
        place = entry["settings"].get("namespace", "")
        return (
            "The same stands, as commands of kubectl, in the annotation release.hmhp.example/way-back of "
            f"each HTTPRoute in the namespace {place}; --kubeconfig FILE takes another way to the cluster."
        )
    return (
        f"If no agent listens at {entry['agent_socket']}, what it deployed has ended with it: start the "
        "portal on its data folder again (./portal up --data DIR), which takes up what served, then run "
        "this once more."
    )
