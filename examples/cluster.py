"""The example platform on somebody's cluster: `platform.yaml` with its targets and artefacts exchanged.

An artefact there is an image: a plain Python image by digest for every component. Its sources go into each
pod as mounted files, its version and behaviour as the release's configuration. Called by
`./portal demo --kubeconfig` through the demo's preparation and seed; in comes what the launcher settled
(`cluster.json`), out go the sources, the platform file and what CI would hand over.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from examples.build import RELEASES, SOURCES, Built

PLATFORM = SOURCES.parent / "platform.yaml"
EDGE = "patient-web"
FILES: Mapping[str, Mapping[str, str]] = {
    "patient-web": {"service.py": "service.py", "main.py": "patient_web.py", "smoke.py": "smoke.py"},
    "scheduling": {"service.py": "service.py", "main.py": "scheduling.py"},
    "records": {"service.py": "service.py", "main.py": "records.py"},
    "notification-worker": {"service.py": "service.py", "main.py": "appointments.py"},
    "reminders": {"service.py": "service.py", "main.py": "appointments.py"},
}
"""Per component: file in the pod to its source."""

HEADER = """\
# Made by ./portal demo --kubeconfig from examples/platform.yaml. What differs there: the targets, an image
# with mounted sources for each component instead of a folder, no migration (there is no database){cut_over}.
"""
CUT_OVER = ",\n# and production goes over in one cut-over, because no gateway shares its traffic"


def places(prefix: str) -> dict[tuple[str, str], str]:
    """The namespace of every environment and region."""
    targets = yaml.safe_load(PLATFORM.read_text())["targets"]
    found = [(target["environment"], target["region"]) for target in targets]
    return {(name, region): f"{prefix}-{name}-{region}" for name, region in found}


def lay_out(folder: Path, settled: Mapping[str, Any]) -> Path:
    """Have the sources and the platform file in the data folder; returns the file."""
    for component, files in FILES.items():
        into = folder / "artifacts" / component
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        for name, source in files.items():
            shutil.copyfile(SOURCES / source, into / name)
    document = exchanged(yaml.safe_load(PLATFORM.read_text()), settled)
    cut_over = "" if settled["gateway"] else CUT_OVER
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    file = folder / "platform.yaml"
    file.write_text(HEADER.format(cut_over=cut_over) + text)
    return file


def exchanged(document: Mapping[str, Any], settled: Mapping[str, Any]) -> dict[str, Any]:
    """The platform file for that cluster."""
    found: dict[str, Any] = copy.deepcopy(dict(document))
    for target in found["targets"]:
        target |= {"driver": "kubernetes", "settings": _settings(target, settled)}
    for component in found["components"]:
        _put_image(component, settled["image"].partition("@")[0])
    if not settled["gateway"]:
        for environment in found["environments"]:
            if environment["strategy"]["kind"] == "blue_green":
                environment["strategy"]["weights"] = [100]
    return found


def _settings(target: Mapping[str, Any], settled: Mapping[str, Any]) -> dict[str, Any]:
    namespace = places(settled["prefix"])[target["environment"], target["region"]]
    settings: dict[str, Any] = {
        "kubeconfig": settled["kubeconfig"],
        "context": settled["context"],
        "namespace": namespace,
    }
    if settled["gateway"]:
        where, _, name = settled["gateway"].partition("/")
        settings["gateway"] = {"name": name, "namespace": where}
        settings["hostnames"] = {EDGE: [f"{namespace}.example"]}  # a Gateway's other hosts stay as they are
    if target["environment"] == "production":
        chosen = f'{{namespace="{namespace}"}}'
        settings["metrics"] = {
            "url": f"http://127.0.0.1:{settled['port']}",
            **{name: f"visitors_{name}{chosen}" for name in ("requests", "errors", "latency")},
        }
    return settings


def _put_image(component: dict[str, Any], image: str) -> None:
    """An image in place of a folder; what needs a database is left out."""
    manifest = component["manifest"]
    environment = {"LISTEN": "0.0.0.0"}
    if component["kind"] == "worker":
        environment = {"EVERY_SECONDS": "15"}
    jobs = {k: v for k, v in manifest.pop("jobs", {}).items() if not k.startswith("migrate_")}
    if jobs:
        manifest["jobs"] = jobs
    manifest["kubernetes"] = {
        "image": image,
        "mount": {"folder": f"artifacts/{component['name']}"},
        "environment": environment if component["kind"] != "schedule" else {},
    }


def built(image: str) -> dict[str, dict[str, Built]]:
    """Per release and component, what CI would hand over: the image's digest, and how it behaves."""
    digest = image.partition("@")[2]
    return {
        release: {
            part.component: Built(
                part.component,
                part.version,
                digest,
                "none",
                configured(part.component, part.version, part.behaviour),
            )
            for part in parts
        }
        for release, parts in RELEASES.items()
    }


def configured(component: str, version: str, behaviour: Mapping[str, Any] | None = None) -> dict[str, str]:
    """What makes everybody's image this version of that component."""
    release = {"component": component, "version": version, "behaviour": dict(behaviour or {})}
    return {"EXAMPLE_RELEASE": json.dumps(release, sort_keys=True)}
