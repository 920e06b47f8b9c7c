"""patient-web: what a patient sees. At the edge; asks scheduling for free slots."""

from __future__ import annotations

import os
from collections.abc import Mapping
from html import escape

from service import RELEASE, Answer, as_json, ask, serve

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Your care</title></head>
<body><h1>Your care</h1><p>{count} free appointments, the next with {clinician} at {at}.</p>
<p><small>patient-web {version}, scheduling {scheduling}, {slot} in {region}</small></p></body></html>
"""


def home(carried: Mapping[str, str]) -> Answer:
    """The first page."""
    found = ask("scheduling", "/slots", carried)
    first = found["slots"][0]
    page = PAGE.format(
        count=len(found["slots"]),
        clinician=escape(first["clinician"]),
        at=escape(first["at"]),
        version=RELEASE["version"],
        scheduling=found["version"],
        slot=os.environ.get("SLOT", ""),
        region=os.environ.get("REGION", ""),
    )
    return 200, "text/html; charset=utf-8", page.encode()


def slots(carried: Mapping[str, str]) -> Answer:
    """Free appointments for the app."""
    return as_json(ask("scheduling", "/slots", carried))


if __name__ == "__main__":
    serve({"/": home, "/api/slots": slots})
