"""Objects that a team wrote itself, with the file and line of each field, so that a refusal can point.

In comes YAML text, out go `Document`s. Called by `sources`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

MOST_DOCUMENTS = 200


class NotYaml(ValueError):
    """The text is not YAML, or not of objects; the sentence names file and line."""


@dataclass(frozen=True, slots=True)
class Document:
    """One object. `template` is the chart's own file, whose lines are those that people edit."""

    object: dict[str, Any]
    file: str
    node: yaml.Node
    template: str = ""
    rendered: str = ""

    @property
    def kind(self) -> str:
        """The object's kind."""
        return str(self.object.get("kind"))

    @property
    def name(self) -> str:
        """The object's name as it was written."""
        return str((self.object.get("metadata") or {}).get("name"))

    def at(self, *path: str | int) -> str:
        """`file:line` of the field at that path, or of the nearest one above it."""
        line = _node_at(self.node, path).start_mark.line
        if not self.template:
            return f"{self.file}:{line + 1}"
        return f"{self.file}:{_template_line(self.template, self.rendered.splitlines(), line)}"


def read(text: str, file: str, templates: dict[str, str] | None = None) -> Iterator[Document]:
    """The objects in a text of YAML documents; raises NotYaml."""
    sources = _sources(text) if templates is not None else {}
    try:
        nodes = [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else file
        raise NotYaml(f"{where}: {getattr(error, 'problem', None) or error}") from error
    if len(nodes) > MOST_DOCUMENTS:
        raise NotYaml(f"{file}: more than {MOST_DOCUMENTS} objects in one component")
    for node in nodes:
        value = _value(node, file)
        if value is None:
            continue
        source = _source_of(sources, node.start_mark.line) if templates is not None else file
        template = (templates or {}).get(source, "")
        yield Document(value, source or file, node, template, text if template else "")


def _value(node: yaml.Node, file: str) -> dict[str, Any] | None:
    loader = yaml.SafeLoader("")
    try:
        value = loader.construct_document(node)
    finally:
        loader.dispose()
    if value is None:
        return None
    if not isinstance(value, dict) or "kind" not in value:
        raise NotYaml(f"{file}:{node.start_mark.line + 1}: this is not an object of Kubernetes")
    return value


def _node_at(node: yaml.Node, path: tuple[str | int, ...]) -> yaml.Node:
    key_node = node
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                return key_node
            key_node, node = found
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = key_node = node.value[part]
        else:
            return key_node
    return key_node


def _sources(text: str) -> dict[int, str]:
    """Where helm says which file what follows comes from: line to path below the chart."""
    found = {}
    for number, line in enumerate(text.splitlines()):
        if match := re.fullmatch(r"# Source: [^/]+/(\S+)", line):
            found[number] = match[1]
    return found


def _source_of(sources: dict[int, str], line: int) -> str:
    before = [number for number in sources if number <= line]
    return sources[max(before)] if before else ""


def _template_line(template: str, rendered: list[str], line: int) -> int:
    """The line of the template that gave this line: the same text, else the same key, else the first."""
    text = rendered[line].strip() if line < len(rendered) else ""
    lines = [each.strip() for each in template.splitlines()]
    if text in lines:
        return lines.index(text) + 1
    key = text.partition(":")[0] + ":"
    return next((number for number, each in enumerate(lines, 1) if each.startswith(key)), 1)
