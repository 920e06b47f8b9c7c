"""A platform that is not the example's: two environments, two components, artefacts made here.

`lay_out(folder)` writes the platform file and gives back its path; `artefact(folder, …)` makes one version
of one component as a build would, and returns nothing but the folder: its digest is asked of the portal.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SERVICE = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

HERE = json.loads(Path(__file__).with_name("how.json").read_text())
asked = 0

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        global asked
        status, body = 200, f"{HERE['version']} of {HERE['component']}"
        if self.path != "/up":
            asked += 1
            if HERE["fails_every"] and asked % HERE["fails_every"] == 0:
                status, body = 500, "patient_name=Jane Roe could not be shown"
                print(body, flush=True)
            elif HERE["asks"]:
                try:
                    with urlopen(os.environ[HERE["asks"]] + "/", timeout=5) as answer:
                        body += " with " + answer.read().decode()
                except OSError:
                    status, body = 502, "scheduling gave no answer"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *words):
        pass

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
SMOKE = """
import os, sys
print("smoke of", os.environ.get("RELEASE", "?"))
"""
DEPLOYERS = ["developer", "devops_engineer"]
PEOPLE = {
    "mara": ["release_manager"],
    "nora": ["release_manager"],
    "theo": ["devops_engineer"],
    "iris": ["qa_lead"],
    "jonas": ["security_officer"],
    "finn": ["developer"],
}


def document() -> dict[str, Any]:
    """The platform file. Times are short, so that a whole deployment fits into a test."""
    manifest = {"command": ["{python}", "{artifact}/serve.py"], "health": "/up", "stop_seconds": 2}
    smoke = {"jobs": {"smoke": ["{python}", "{artifact}/smoke.py"]}}
    limits = {"error_percent": 2.0, "p95_ms": 2000, "p95_ratio": 5.0, "minimum_requests": 15}
    strategy = {
        "kind": "blue_green",
        "weights": [40, 100],
        "bake_seconds": 4,
        "limits": limits,
        "monitoring_seconds": 6,
        "ready_timeout_seconds": 60,
    }
    places = [("preview", "anonymized", DEPLOYERS), ("live", "production", ["devops_engineer"])]
    return {
        "version": 1,
        "platform": {"name": "Appointments", "source_host": "git.example"},
        "regions": [{"name": "north", "zone": "Europe/Oslo"}],
        "environments": [
            {
                "name": name,
                "data_class": data_class,
                "deployers": deployers,
                "regions": ["north"],
                "strategy": strategy if name == "live" else {"kind": "switch", "ready_timeout_seconds": 60},
            }
            for name, data_class, deployers in places
        ],
        "targets": [
            {
                "environment": name,
                "region": "north",
                "driver": "local",
                "data_class": data_class,
                "settings": {"artifacts": "build"},
            }
            for name, data_class, _ in places
        ],
        "components": [
            {"name": "patient-web", "kind": "http", "edge": True, "manifest": manifest | smoke},
            {"name": "scheduling", "kind": "http", "manifest": manifest},
        ],
        "checklist": [{"name": "security_scan", "title": "Security scan", "about_artefacts": True}],
        "validations": [{"name": "smoke", "title": "Smoke tests"}, {"name": "load", "title": "Under load"}],
        "facts": [{"name": "backup_age", "title": "Backup", "max_age_seconds": 3600}],
        "freezes": [],
        "people": [
            {
                "login": login,
                "name": login.title(),
                "email": f"{login}@appointments.example",
                "roles": roles,
                "source_logins": {"git.example": f"{login}-git", "github.com": f"{login}-brandt"},
            }
            for login, roles in PEOPLE.items()
        ],
        "stakeholders": [],
        "masking": {"fields": ["patient_name"], "patterns": []},
    }


def lay_out(folder: Path) -> Path:
    """Write the platform file into `folder`, whose `build/` will hold the artefacts."""
    (folder / "build").mkdir(parents=True)
    file = folder / "platform.yaml"
    file.write_text(json.dumps(document()))  # JSON is YAML
    return file


def artefact(folder: Path, component: str, version: str, *, fails_every: int = 0) -> Path:
    """One version of one component as a build leaves it behind."""
    built = folder / "build" / f"{component}-{version}"
    built.mkdir()
    asks = "SCHEDULING_URL" if component == "patient-web" else ""
    how = {"component": component, "version": version, "asks": asks, "fails_every": fails_every}
    (built / "how.json").write_text(json.dumps(how))
    (built / "serve.py").write_text(SERVICE)
    (built / "smoke.py").write_text(SMOKE)
    return built
