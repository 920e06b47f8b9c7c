"""The platform file: one YAML document that describes the platform being released.

Each app that it configures has its own `platform_file.py` (schema of its sections, cross checks,
plan, apply); this module joins them. Called by the `load_platform` and `platform_schema` commands
and by the demo. A wrong file is refused whole, with every error and its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import yaml
from django.db import transaction

import accounts.platform_file
import approvals.platform_file
import deployments.platform_file
import events.platform_file
import notifications.platform_file
import releases.platform_file
from accounts.actors import Actor
from approvals import policy
from events import names
from events.errors import Invalid
from events.platform_file import Problem
from events.queries import masker
from events.services import record
from platforms.kubernetes.render.files import read_files

PARTS: tuple[ModuleType, ...] = (
    events.platform_file,
    accounts.platform_file,
    deployments.platform_file,
    releases.platform_file,
    approvals.platform_file,
    notifications.platform_file,
)
"""In the order in which they are applied: what a later one names exists by then."""

MAX_BYTES = 2_000_000
_SOURCE_LOGIN = re.compile(r"^(people: )\S+ at (\S+ is )")


class _UniqueKeyLoader(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, which YAML would silently overwrite."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {str(key) for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"given twice: {', '.join(sorted(twice))}", node.start_mark
            )
        return super().construct_mapping(node, deep)


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the whole platform file."""
    sections: dict[str, Any] = {
        "version": {"const": 1, "description": "The version of this format."},
        "platform": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 120},
                "source_host": {"type": "string", "minLength": 1, "maxLength": 200},
            },
        },
    }
    for part in PARTS:
        sections |= part.SECTIONS
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Platform file of the HMHP Release Portal",
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "platform", "regions", "environments", "targets", "components", "people"],
        "properties": sections,
    }


def parse(text: str) -> dict[str, Any]:
    """The document in `text`; raises Invalid with the line of a YAML error."""
    if len(text.encode()) > MAX_BYTES:
        raise Invalid(f"The platform file is larger than {MAX_BYTES // 1_000_000} MB.")
    try:
        document = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506  (a SafeLoader)
    except yaml.YAMLError as error:
        raise Invalid(f"The platform file is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise Invalid("The platform file holds no mapping at its top level.")
    return document


def read(path: Path) -> dict[str, Any]:
    """The document in the file at `path`, with relative paths made absolute and charts read in."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"The platform file {path} cannot be read: {error}.") from error
    document = parse(text)
    _anchor(document, path.resolve().parent)
    return document


def _anchor(document: dict[str, Any], folder: Path) -> None:
    """Folders in a file are meant from where the file lies."""
    for target in _dicts(document.get("targets")):
        settings = target.get("settings")
        if isinstance(settings, dict) and isinstance(settings.get("artifacts"), str):
            settings["artifacts"] = str(folder / Path(settings["artifacts"]).expanduser())
        for key in ("kubeconfig", "token_file", "ca_file"):
            if isinstance(settings, dict) and isinstance(settings.get(key), str):
                settings[key] = str(folder / Path(settings[key]).expanduser())
    for component in _dicts(document.get("components")):
        _read_in(component.get("manifest"), folder)


def _read_in(manifest: object, folder: Path) -> None:
    """Chart, manifests or mounted files travel with the file: a content needs nobody's folder."""
    section = manifest.get("kubernetes") if isinstance(manifest, dict) else None
    if not isinstance(section, dict):
        return
    own = section.get("environments")
    for each in (section, *_dicts([*own.values()] if isinstance(own, dict) else [])):
        mount = each.get("mount")
        mounted = mount.get("folder") if isinstance(mount, dict) else None
        given = each.get("chart") or each.get("manifests") or mounted
        if not isinstance(given, str) or each.get("files"):
            continue
        try:
            each["files"] = read_files(folder / Path(given).expanduser())
        except OSError as error:
            raise Invalid(f"{given}: {error}.") from error


def _dicts(value: object) -> Iterable[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def problems(document: dict[str, Any]) -> list[Problem]:
    """Every error in the document: of its shape, or, when that is right, of its meaning."""
    validator = jsonschema.Draft202012Validator(schema())
    shape = [
        Problem(_path(error.absolute_path), f"{error.message[:300]}")
        for error in sorted(validator.iter_errors(document), key=lambda e: [str(p) for p in e.absolute_path])
    ]
    if shape:
        return shape
    return [problem for part in PARTS for problem in part.check(document)]


def _path(parts: Iterable[str | int]) -> str:
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path or "(top)"


def plan(document: dict[str, Any]) -> list[str]:
    """What loading the document would change, as sentences; raises Invalid with every error."""
    found = problems(document)
    if found:
        fields: dict[str, list[str]] = {}
        for problem in found:
            fields.setdefault(problem.path, []).append(problem.sentence)
        raise Invalid(f"The platform file has {len(found)} error(s); nothing was changed.", fields=fields)
    return [sentence for part in PARTS for sentence in part.plan(document)]


def load(document: dict[str, Any], *, actor: Actor) -> list[str]:
    """Bring the portal to the document, whole or not at all; returns the sentences of the plan.

    Loading the same document again changes nothing. Raises Invalid with every error.
    """
    policy.require(actor, policy.Action.MANAGE_PLATFORM)
    changes = plan(document)
    if not changes:
        return []
    with transaction.atomic():
        for part in PARTS:
            part.apply(document, actor=actor)
        record("platform", "platform.loaded", actor.id, data={"changes": [_kept(text) for text in changes]})
    return changes


def _kept(sentence: str) -> str:
    """What the record says of a change: it is never rewritten, so names and addresses stay out of it.

    A source login is told whole on the person's own record, where it is kept apart.
    """
    told = _SOURCE_LOGIN.sub(r"\1a login at \2", names.hidden(sentence))
    return masker().mask(told)[0]
