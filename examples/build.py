"""Lays out the artefacts of the example platform: `python examples/build.py FOLDER`.

The sources in `platform/` are there once; a version of a component is a choice of files and a
`release.json` that says how it behaves. In comes a target's `artifacts` folder, out go folders named
`<component>-<version>` and, per release, every component's version and digest. The same sources
give the same digests everywhere. Called by the demo before it starts, by its seed and by tests.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from platforms.local.digest import digest_folder

SOURCES = Path(__file__).resolve().parent / "platform"


@dataclass(frozen=True)
class Part:
    """One version of one component: `files` maps a name in the artefact to its source."""

    component: str
    version: str
    files: Mapping[str, str]
    behaviour: Mapping[str, Any] = field(default_factory=dict)
    migration: str = "none"


@dataclass(frozen=True)
class Built:
    """An artefact as CI would hand it over."""

    component: str
    version: str
    artifact: str
    migration: str
    configuration: Mapping[str, str] = field(default_factory=dict)


def _http(component: str, version: str, source: str, **behaviour: Any) -> Part:
    files = {"service.py": "service.py", "main.py": source}
    if component == "patient-web":
        files["smoke.py"] = "smoke.py"
    return Part(component, version, files, behaviour)


def _records(version: str, *steps: str, **behaviour: Any) -> Part:
    files = {"service.py": "service.py", "main.py": "records.py", "migrate.py": "migrate.py"}
    files |= {f"migrations/{step}.sql": f"migrations/{step}.sql" for step in steps}
    return Part("records", version, files, behaviour, "expand" if steps else "none")


WEB_1 = _http("patient-web", "5.3.1", "patient_web.py")
WEB_2 = _http("patient-web", "5.4.0", "patient_web.py")
SCHEDULING_1 = _http("scheduling", "3.7.4", "scheduling.py")
SCHEDULING_2 = _http("scheduling", "3.8.0", "scheduling.py")
STEPS_1 = ("expand/0001_notifications",)
STEPS_2 = (*STEPS_1, "expand/0002_reminder_channel", "contract/0002_drop_fax")
RECORDS_1 = _records("2.4.0", *STEPS_1)
RECORDS_2 = _records("2.5.0", *STEPS_2)
WORKER_1 = Part("notification-worker", "2.2.0", {"main.py": "notification_worker.py"})
WORKER_2 = Part("notification-worker", "2.2.1", {"main.py": "notification_worker.py"})
REMINDERS_1 = Part("reminders", "1.3.0", {"main.py": "reminders.py"})
REMINDERS_2 = Part("reminders", "1.4.0", {"main.py": "reminders.py"}, {"channel": True})

GOOD_1 = (WEB_1, SCHEDULING_1, RECORDS_1, WORKER_1, REMINDERS_1)
GOOD_2 = (WEB_2, SCHEDULING_2, RECORDS_2, WORKER_2, REMINDERS_2)


def _but(part: Part) -> tuple[Part, ...]:
    """The second good version with another version of one component."""
    return tuple(part if part.component == good.component else good for good in GOOD_2)


RELEASES: Mapping[str, tuple[Part, ...]] = {
    "good-1": GOOD_1,
    "good-2": GOOD_2,
    "fails-8-percent": _but(_http("scheduling", "3.8.1", "scheduling.py", fail_percent=8)),
    "fails-1-percent": _but(_http("scheduling", "3.8.2", "scheduling.py", fail_percent=1)),
    "never-healthy": _but(_http("patient-web", "5.4.1", "patient_web.py", healthy=False)),
    "slow": _but(_records("2.5.1", *STEPS_2, delay_ms=1200)),
    "bad-migration": _but(_records("2.5.2", *STEPS_2, "expand/0003_consent_version")),
}


def build(into: Path) -> dict[str, dict[str, Built]]:
    """Have every artefact in `into`; per release and component, what CI would hand over.

    What is there and right is left alone, so that a second call is quick and harmless while the
    platform runs. Raises OSError.
    """
    into.mkdir(parents=True, exist_ok=True)
    made: dict[str, Built] = {}
    releases: dict[str, dict[str, Built]] = {}
    for release, parts in RELEASES.items():
        for part in parts:
            name = f"{part.component}-{part.version}"
            if name not in made:
                artifact = _lay_out(part, into / name)
                made[name] = Built(part.component, part.version, artifact, part.migration)
            releases.setdefault(release, {})[part.component] = made[name]
    return releases


def _lay_out(part: Part, folder: Path) -> str:
    """Put the artefact at `folder` in one move; returns its digest."""
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as place:
        fresh = Path(place) / folder.name
        for name, source in part.files.items():
            target = fresh / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(SOURCES / source, target)
        release = {"component": part.component, "version": part.version, "behaviour": dict(part.behaviour)}
        (fresh / "release.json").write_text(json.dumps(release, indent=1, sort_keys=True) + "\n")
        digest = digest_folder(fresh)
        if not folder.is_dir() or digest_folder(folder) != digest:
            if folder.is_dir():
                folder.rename(Path(place) / "former")
            os.replace(fresh, folder)
    return digest


def main() -> int:
    """Build and print a table."""
    if len(sys.argv) != 2:
        print("usage: build.py FOLDER", file=sys.stderr)
        return 2
    for release, parts in build(Path(sys.argv[1])).items():
        print(release)
        for built in parts.values():
            print(f"  {built.component:20} {built.version:7} {built.artifact}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
