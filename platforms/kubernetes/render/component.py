"""All components of a content as objects for one environment: by us, by a chart, or as they were written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.render import around, calling, fitting, keeping, pods, ports, sources
from platforms.kubernetes.render.documents import Document
from platforms.kubernetes.render.parts import Part, Place
from platforms.kubernetes.render.section import Section, read_section

Object = dict[str, Any]
LONGEST_NAME = 45
"""A component's name leaves room for the colour and a hash within the 63 letters of a Service."""

LONGEST_SCHEDULE = 43
"""And for the colour within the 52 letters of a CronJob."""


def render(
    entries: Mapping[str, Mapping[str, Any]], place: Place
) -> tuple[dict[str, list[Object]], list[str]]:
    """Objects by component for that environment, and what is wrong, as sentences.

    `entries` are those of a content. Objects hold placeholders for slot, release and region, and no
    replicas: the same content gives the same objects wherever and whenever it is rendered.
    """
    sections: dict[str, Section] = {}
    problems: list[str] = []
    for name, entry in entries.items():
        section, found = read_section(name, entry.get("manifest") or {}, place.environment)
        problems += found + _name_problems(name, str(entry["kind"]))
        if section is not None:
            sections[name] = section
            problems += _image_problems(name, section, place)
    if problems:
        return {}, problems
    written = {n: sources.documents(n, section) for n, section in sections.items() if section.form != "short"}
    listening = {name: _port(section, written.get(name)) for name, section in sections.items()}
    objects: dict[str, list[Object]] = {}
    for name, entry in entries.items():
        part = _part(name, entry, entries, sections, listening, place)
        objects[name], found = _fitted(part, *written[name]) if name in written else (_short(part), [])
        problems += [*found, *_configured(part)]
    return objects, problems + _twice(objects)


def _fitted(part: Part, documents: list[Document], problems: list[str]) -> tuple[list[Object], list[str]]:
    """A team's own objects, or everything that is wrong with them at once."""
    if not documents:
        return [], problems
    objects, more = fitting.fit(part, documents)
    found = [*problems, *more]
    return ([] if found else objects), found


def _port(section: Section, written: tuple[list[Document], list[str]] | None) -> ports.Port:
    return ports.of(section, written[0]) if written else ports.Port(section.port, section.port)


def _twice(objects: Mapping[str, list[Object]]) -> list[str]:
    """Objects of two components that would be one: the second would silently replace the first."""
    owners: dict[tuple[str, str], str] = {}
    problems = []
    for component, items in objects.items():
        for item in items:
            key = (item["kind"], item["metadata"]["name"])
            owner = owners.setdefault(key, component)
            if owner != component:
                name = key[1].replace(f"-{names.SLOT_PLACEHOLDER}", "")
                problems.append(
                    f"{component}: its {key[0]} would be named {name}-<colour>, as one of {owner} is; give "
                    "one of the two another name."
                )
    return problems


def _configured(part: Part) -> list[str]:
    """Configuration that calls a component past its colour, or is a secret."""
    found = []
    for key, text in sorted(part.config_data.items()):
        found += [calling.sentence(text, name) for name in part.services if calling.calls(text, name)]
        found += [keeping.sentence(key)] if keeping.is_secret(key, text) else []
    return [f"{part.name}: its configuration: {text}" for text in found]


def _short(part: Part) -> list[Object]:
    found: list[Object | None] = [around.service_account(part), around.config_map(part)]
    found.append(around.mounted_files(part))
    found += around.external_secrets(part)
    found.append(around.network_policy(part))
    if part.kind == "http":
        found.append(around.service(part))
    found.append(pods.cron_job(part) if part.kind == "schedule" else pods.deployment(part))
    found += [around.autoscaler(part), around.budget(part)]
    return [item for item in found if item is not None]


def _part(
    name: str,
    entry: Mapping[str, Any],
    entries: Mapping[str, Mapping[str, Any]],
    sections: Mapping[str, Section],
    listening: Mapping[str, ports.Port],
    place: Place,
) -> Part:
    section = sections[name]
    services = [other for other in entries if entries[other]["kind"] == "http"]
    callees = [o for o in services if o == name or section.calls is None or o in section.calls]
    return Part(
        name=name,
        kind=str(entry["kind"]),
        artifact=str(entry["artifact"]),
        place=place,
        section=section,
        edge=bool(entry.get("edge")),
        drain_seconds=int(entry.get("drain_seconds") or 0),
        configuration={str(k): str(v) for k, v in (entry.get("configuration") or {}).items()},
        secret_versions={str(k): str(v) for k, v in (entry.get("secrets") or {}).items()},
        addresses={_variable(other): _address(other, listening[other]) for other in callees},
        callers=tuple(_callers(name, entries, sections)),
        callees=tuple((other, listening[other].pod) for other in callees),
        services=tuple(services),
    )


def _callers(
    name: str, entries: Mapping[str, Mapping[str, Any]], sections: Mapping[str, Section]
) -> Sequence[str]:
    return [
        other
        for other in entries
        if other == name or sections[other].calls is None or name in (sections[other].calls or ())
    ]


def _variable(component: str) -> str:
    return f"{component.upper().replace('-', '_')}_URL"


def _address(component: str, port: ports.Port) -> str:
    return f"http://{component}-{names.SLOT_PLACEHOLDER}:{port.service}"


def _name_problems(name: str, kind: str) -> list[str]:
    most, what = (LONGEST_SCHEDULE, "CronJob") if kind == "schedule" else (LONGEST_NAME, "Service")
    if len(name) <= most:
        return []
    return [f"{name}: its name has more than {most} letters, too many for a {what} with its colour."]


def _image_problems(name: str, section: Section, place: Place) -> list[str]:
    if section.form != "short" or section.image or place.images:
        return []
    return [
        f"{name}: nothing says where its image lies: kubernetes.image, or images in the target's settings."
    ]
