"""`./portal rollback-offline FILE`: a run's way back with no database, broker or web process.

Comes in: the file that the run left beside it. Goes out: blue serves in every region whose target answers,
under a fence one higher than the target's own and with the mark `offline`; the portal writes the act down
when it is back. Needs the standard library alone, so it works without the virtual environment too.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hmhp_portal.launcher.problem import Problem
from platforms.base import PlatformError
from platforms.local.driver import LocalPlatform

FORMAT = 1


def run(arguments: Sequence[str]) -> int:
    """Send every region back; 0 when all are, 1 when one is not. Raises Problem for a wrong file."""
    given = _parse(arguments)
    document = _read(given.file)
    print(f"{document['what']}")
    missing = 0
    for entry in document["regions"]:
        if given.region and entry["region"] not in given.region:
            continue
        missing += not _send_back(document, entry, given.by, given.reason)
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


def _send_back(document: dict[str, Any], entry: dict[str, Any], by: str, reason: str) -> bool:
    """One region; tells what is in force there, or what to do."""
    region, to = entry["region"], document["blue"] or ""
    if entry["driver"] != "local":
        command = entry.get("command", "the driver's own tool with the weights in this file")
        print(f"{region}: not done from here ({entry['driver']}). Use {command}.", file=sys.stderr)
        return False
    try:
        platform = _open(document, entry)
        before = platform.observe()
        platform.by_hand(to, by, reason)
        after = platform.observe()
    except PlatformError as error:
        print(f"{region}: {error} {_what_to_do(entry)}", file=sys.stderr)
        return False
    now = {slot: weight for slot, weight in after.weights.items() if weight}
    shown = ", ".join(f"{slot} {weight} %" for slot, weight in now.items()) or "nothing"
    print(f"{region}: {shown} (fence {before.fence} → {after.fence}, mark {after.mark})")
    return now == dict(entry["weights"])


def _open(document: dict[str, Any], entry: dict[str, Any]) -> LocalPlatform:
    own = {"agent_socket": entry["agent_socket"], "agent_token": _token(entry)}
    settings = {**entry.get("settings", {}), **own}
    return LocalPlatform(document["environment"], entry["region"], entry["data_class"], settings)


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
    return (
        f"If no agent listens at {entry['agent_socket']}, what it deployed has ended with it: start the "
        "portal on its data folder again (./portal up --data DIR), which takes up what served, then run "
        "this once more."
    )
