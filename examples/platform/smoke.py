"""The smoke test of a release: the first page of its own colour, through all three services.

Exit code 0 when it answers. Finds the colour at PATIENT_WEB_URL; called by the target as a job.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request


def check(path: str) -> str:
    """What is wrong with that path; empty when nothing is."""
    try:
        with urllib.request.urlopen(os.environ["PATIENT_WEB_URL"] + path, timeout=10) as answer:
            body = answer.read()
    except (OSError, urllib.error.URLError) as error:
        return f"{path}: {error}"
    if path.startswith("/api/") and not json.loads(body)["slots"]:
        return f"{path}: no free appointment"
    return ""


def main() -> int:
    """Ask every path once."""
    failed = 0
    for path in ("/healthz", "/", "/api/slots"):
        problem = check(path)
        print(problem or f"{path}: good")
        failed += bool(problem)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
