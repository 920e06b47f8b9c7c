"""Where a component's own objects come from: its chart, rendered by helm, or its files as they are.

Charts and files were read into the manifest when the platform file was loaded, so that a content
needs no folder of anybody's machine. helm is a separate program; without it a chart cannot be rendered.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

from platforms.kubernetes import names
from platforms.kubernetes.render.documents import Document, NotYaml, read
from platforms.kubernetes.render.section import Section

HELM = "helm"
"""The program, looked up on the PATH."""

HELM_SECONDS = 60
RELEASE_NAMES = ("hmhp-one", "hmhp-two")
"""A chart is rendered under two names: what does not change with the name cannot stand twice."""


class HelmRefuses(ValueError):
    """The chart cannot be rendered; the sentence says why."""


def documents(name: str, section: Section) -> tuple[list[Document], list[str]]:
    """The objects of the component of that name, or what is wrong as sentences."""
    if not section.files:
        return [], [f"{name}: no file of it was loaded; load the platform file again."]
    try:
        if section.form == "manifests":
            found = [doc for path, text in _manifests(section) for doc in read(text, path)]
            return found, [] if found else [f"{name}: {section.manifests} holds no object."]
        return _chart(name, section)
    except NotYaml as error:
        return [], [f"{name}: {error}."]


def _manifests(section: Section) -> Iterator[tuple[str, str]]:
    """What kubectl would read of a folder; a kustomization is a recipe, not an object."""
    for path, text in sorted(section.files.items()):
        base = path.rpartition("/")[2]
        if base in ("kustomization.yaml", "kustomization.yml", "Kustomization"):
            raise NotYaml(
                f"{path}:1: kustomize is not run here; keep what `kustomize build` makes of it for each "
                "environment in a folder, and name that"
            )
        if base.endswith((".yaml", ".yml")):
            yield path, text
        elif base.endswith(".json"):
            yield path, text.replace("\t", " ")  # between its words, where YAML takes no tabs


def _chart(component: str, section: Section) -> tuple[list[Document], list[str]]:
    helm = shutil.which(HELM)
    if helm is None:
        return [], [f"{component}: its chart needs helm, and there is no helm on this machine's PATH."]
    try:
        rendered = _texts(helm, _Chart(_key(section), section))
    except HelmRefuses as error:
        return [], [f"{component}: {error}"]
    files = dict(section.files)
    first, second, again = ([*read(text, section.chart, files)] for text in rendered)
    found = [f"{component}: {text}" for text in (*_fixed(first, second), *_unsteady(first, again))]
    return first, found if first else [f"{component}: with these values {section.chart} makes no object."]


@dataclass(frozen=True, slots=True)
class _Chart:
    """A chart with its values, the same for the same texts."""

    key: str
    section: Section = field(compare=False, repr=False)


def _key(section: Section) -> str:
    whole = json.dumps([dict(section.files), dict(section.values)], sort_keys=True, default=str)
    return hashlib.sha256(whole.encode()).hexdigest()


@lru_cache(maxsize=24)
def _texts(helm: str, chart: _Chart) -> tuple[str, ...]:
    """What the chart makes under each name and once again; kept, as each digest that CI names asks for it."""
    with tempfile.TemporaryDirectory(prefix="hmhp-chart-") as folder:
        place = Path(folder) / "chart"
        for path, text in chart.section.files.items():
            file = place / path
            if not file.resolve().is_relative_to(place.resolve()):
                raise HelmRefuses(f"the file {path} lies outside of its chart.")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        values = Path(folder) / "values.yaml"
        values.write_text(yaml.safe_dump(dict(chart.section.values)), encoding="utf-8")
        return tuple(
            _template(helm, folder, name, place, values) for name in (*RELEASE_NAMES, RELEASE_NAMES[0])
        )


def _template(helm: str, folder: str, name: str, chart: Path, values: Path) -> str:
    """What `helm template` makes: it asks no cluster and reads nothing of this environment."""
    own = {"PATH": os.defpath, "HOME": folder, "HELM_PLUGINS": folder}
    command = [helm, "template", name, str(chart), "--values", str(values), "--include-crds", "--skip-tests"]
    command += ["--namespace", names.NAMESPACE_PLACEHOLDER]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=HELM_SECONDS, env=own, check=False
        )
    except subprocess.TimeoutExpired:
        raise HelmRefuses(f"its chart is not rendered within {HELM_SECONDS} seconds.") from None
    if done.returncode:
        why = " ".join(done.stderr.replace(folder, "").split())[:500]
        raise HelmRefuses(f"helm refuses the chart: {why}")
    return done.stdout


def _fixed(first: list[Document], second: list[Document]) -> Iterator[str]:
    """Services whose name does not follow the release's: others call them by it, past every colour."""
    again = {(doc.kind, doc.name) for doc in second}
    for doc in first:
        if doc.kind == "Service" and (doc.kind, doc.name) in again:
            yield (
                f"{doc.at('metadata', 'name')}: the Service {doc.name} has a fixed name, so that two colours "
                "cannot both have it; make its name from .Release.Name (and set no fullnameOverride)."
            )


def _unsteady(first: list[Document], again: list[Document]) -> Iterator[str]:
    """What is another text each time: nobody could sign it."""
    for one, other in zip(first, again, strict=False):
        if one.kind == "Secret":
            continue  # is refused for what it is
        for path in _differing(one.object, other.object, ()):
            yield (
                f"{one.at(*path)}: this is something else each time the chart is rendered (random, or the "
                "time), so that nobody could sign what will run; give it by a value."
            )


def _differing(one: object, other: object, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one:
            yield from _differing(one[key], other.get(key), (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for position, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _differing(left, right, (*path, position))
    elif one != other:
        yield path
