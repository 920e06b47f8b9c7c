"""Where a component's own objects come from: its chart, rendered by helm, or its files as they are.

Charts and files were read into the manifest when the platform file was loaded, so that a content
needs no folder of anybody's machine. helm is a separate program; without it a chart cannot be rendered.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import yaml

from platforms.kubernetes.render.documents import Document, NotYaml, read
from platforms.kubernetes.render.parts import Part

HELM = "helm"
"""The program, looked up on the PATH."""

HELM_SECONDS = 60
RELEASE_NAMES = ("hmhp-one", "hmhp-two")
"""A chart is rendered under two names: what does not change with the name cannot stand twice."""


def documents(part: Part) -> tuple[list[Document], list[str]]:
    """The component's objects, or what is wrong as sentences."""
    if not part.section.files:
        return [], [f"{part.name}: no file of it was loaded; load the platform file again."]
    try:
        if part.section.form == "manifests":
            files = sorted(part.section.files.items())
            return [doc for path, text in files for doc in read(text, path)], []
        return _chart(part)
    except NotYaml as error:
        return [], [f"{part.name}: {error}."]


def _chart(part: Part) -> tuple[list[Document], list[str]]:
    helm = shutil.which(HELM)
    if helm is None:
        return [], [f"{part.name}: its chart needs helm, and there is no helm on this machine's PATH."]
    with tempfile.TemporaryDirectory(prefix="hmhp-chart-") as folder:
        chart = Path(folder) / "chart"
        for path, text in part.section.files.items():
            (chart / path).parent.mkdir(parents=True, exist_ok=True)
            (chart / path).write_text(text)
        values = Path(folder) / "values.yaml"
        values.write_text(yaml.safe_dump(dict(part.section.values)))
        rendered = []
        for name in RELEASE_NAMES:
            done = _template(helm, folder, name, chart, values)
            if done.returncode:
                why = " ".join(done.stderr.replace(folder, "").split())[:500]
                return [], [f"{part.name}: helm refuses the chart: {why}"]
            rendered.append(done.stdout)
    templates = dict(part.section.files)
    first, second = ([*read(text, part.section.chart, templates)] for text in rendered)
    return first, _fixed(part, first, second)


def _template(
    helm: str, folder: str, name: str, chart: Path, values: Path
) -> subprocess.CompletedProcess[str]:
    """`helm template`, which asks no cluster and, in an environment of its own, reads nothing of this one."""
    own = {"PATH": os.defpath, "HOME": folder, "HELM_PLUGINS": folder}
    command = [helm, "template", name, str(chart), "--values", str(values), "--include-crds"]
    return subprocess.run(command, capture_output=True, text=True, timeout=HELM_SECONDS, env=own, check=False)


def _fixed(part: Part, first: list[Document], second: list[Document]) -> list[str]:
    """Services whose name does not follow the release's: others call them by it, past every colour."""
    again = {(doc.kind, doc.name) for doc in second}
    return [
        f"{part.name}: {doc.at('metadata', 'name')}: the Service {doc.name} has a fixed name, so that two "
        "colours cannot both have it; make its name from .Release.Name."
        for doc in first
        if doc.kind == "Service" and (doc.kind, doc.name) in again
    ]
