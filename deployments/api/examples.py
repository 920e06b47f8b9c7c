"""One complete example of everything that deployments give; a test holds them to the shapes."""

from __future__ import annotations

from typing import Any

ROW: dict[str, Any] = {
    "id": 41,
    "environment": "production",
    "kind": "deploy",
    "release": "2026.11.0",
    "state": "running",
    "sentence": "10 % in us-east: watched until 05:16:20 UTC. Within every limit over 812 requests.",
    "content_hash": "4b1e70c2" + "5d" * 28,
    "emergency": False,
    "started_by": "devon",
    "queued_at": "2026-11-24T21:00:02Z",
    "started_at": "2026-11-24T21:00:03Z",
    "ended_at": None,
}
PAGE = {"next": None, "previous": None, "results": [ROW]}
RUN: dict[str, Any] = {
    **ROW,
    "intent": "go",
    "slot": "4b1e70c2",
    "seal": "9f3a61d0" + "c4" * 28,
    "reason": "",
    "blue": "2026.10.2",
    "proved_by": 39,
    "retires": None,
    "retained_until": None,
    "closed_at": None,
    "percent": 5,
    "verdict": "pass",
    "elapsed_seconds": 281.4,
    "next_step_in_seconds": 380.0,
    "plan": ["Traffic moves to green by 10 %, 50 % and 100 %, region by region: us-east, then eu-central."],
    "regions": [
        {
            "region": "us-east",
            "percent": 10,
            "weights": {"4b1e70c2": 10, "77aa01bc": 90},
            "reachable": True,
            "age_seconds": 1.2,
            "verdict": "pass",
            "sentence": "0.1 % errors of 3,204 requests, 95 % within 210 ms.",
            "limits": [{"name": "error_percent", "limit": 0.5, "green": 0.1, "blue": 0.1, "verdict": "pass"}],
        }
    ],
    "steps": [
        {
            "ordinal": 7,
            "group": "shift",
            "kind": "shift",
            "region": "us-east",
            "weight": 10,
            "title": "Shift us-east to 10 %",
            "state": "running",
            "started_at": "2026-11-24T21:01:10Z",
            "ended_at": None,
            "seconds": None,
            "sentence": "",
        }
    ],
    "seq": 118,
}
PROGRESS: dict[str, Any] = {
    "lines": [
        {
            "seq": 118,
            "at": "2026-11-24T21:01:11Z",
            "kind": "weight",
            "level": "info",
            "region": "us-east",
            "source": "",
            "text": "10 % of traffic is on green.",
            "data": {"weights": {"4b1e70c2": 10, "77aa01bc": 90}},
        }
    ],
    "seq": 118,
    "more": False,
    "state": "running",
    "sentence": ROW["sentence"],
}
ENVIRONMENTS: dict[str, Any] = {
    "results": [
        {
            "name": "production",
            "purpose": "Live environment for patients and clinicians",
            "data_class": "production",
            "access": "End users, support team and authorized administrators",
            "deployers": ["devops_engineer"],
            "zone": "Etc/UTC",
            "production": True,
            "serving": "2026.10.2",
            "active_run": 41,
            "waiting_runs": [],
            "lock": None,
            "regions": [
                {
                    "region": "us-east",
                    "zone": "America/New_York",
                    "release": "2026.10.2",
                    "slot": "77aa01bc",
                    "weights": {"4b1e70c2": 10, "77aa01bc": 90},
                    "background": "77aa01bc",
                    "components": [
                        {
                            "name": "patient-web",
                            "kind": "http",
                            "version": "5.2.0",
                            "artifact": "sha256:" + "15" * 32,
                            "ready": True,
                            "reason": "",
                        }
                    ],
                    "addresses": {"patient-web": "http://127.0.0.1:8301"},
                    "reachable": True,
                    "sentence": "",
                    "mark": "",
                    "seen_at": "2026-11-24T21:01:12Z",
                }
            ],
        }
    ]
}
