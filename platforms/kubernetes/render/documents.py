"""Objects that a team wrote itself, with the file and line of each field, so that a refusal can point.

In comes YAML text, out go `Document`s. Called by `sources`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

MOST_DOCUMENTS = 200
_INTEGER = re.compile(
    r"[-+]?(?:0b[01][01_]*|0x[0-9a-fA-F][0-9a-fA-F_]*|0o[0-7][0-7_]*|0[0-7_]*|[1-9][0-9_]*)$"
)


class _Loader(yaml.SafeLoader):
    """Plain words mean what they mean to kubectl and helm: `12:30`, `2026-11-03` and `=` are texts."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, _INTEGER if tag.endswith(":int") else pattern)
        for tag, pattern in resolvers
        if not tag.endswith((":timestamp", ":value"))
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


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
        first = self.node.start_mark.line
        return f"{self.file}:{_template_line(self.template, self.rendered.splitlines(), first, line)}"


def read(text: str, file: str, templates: dict[str, str] | None = None) -> Iterator[Document]:
    """The objects in a text of YAML documents; raises NotYaml."""
    sources = _sources(text) if templates is not None else {}
    try:
        whole = [node for node in yaml.compose_all(text, Loader=_Loader) if node is not None]
        nodes = [each for node in whole for each in _each(node)]
        if len(nodes) > MOST_DOCUMENTS:
            raise NotYaml(f"{file}: more than {MOST_DOCUMENTS} objects in one component")
        for node in nodes:
            source, template = file, ""
            if templates is not None:
                source, template = _template_of(_source_of(sources, node.start_mark.line), templates)
            value = _value(node, f"{source}:{1 if template else node.start_mark.line + 1}")
            if value is not None:
                yield Document(value, source or file, node, template, text if template else "")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else file
        raise NotYaml(f"{where}: {getattr(error, 'problem', None) or error}") from error


def _each(node: yaml.Node) -> Iterator[yaml.Node]:
    """The objects of a List one by one; of anything else, itself."""
    kind, items = _child(node, "kind"), _child(node, "items")
    is_list = isinstance(kind, yaml.ScalarNode) and kind.value.endswith("List")
    if is_list and isinstance(items, yaml.SequenceNode):
        for item in items.value:
            yield from _each(item)
    else:
        yield node


def _child(node: yaml.Node, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _value(node: yaml.Node, where: str) -> dict[str, Any] | None:
    loader = _Loader("")
    try:
        value = loader.construct_document(node)
    finally:
        loader.dispose()
    if value is None:
        return None
    if not isinstance(value, dict) or "kind" not in value:
        raise NotYaml(f"{where}: this is not an object of Kubernetes")
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise NotYaml(f"{where}: this object holds what JSON cannot say ({error})") from error
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


def _template_of(source: str, templates: dict[str, str]) -> tuple[str, str]:
    """The chart's own file and its text: helm tells a subchart by its name, which its folder may not have."""
    below = "/templates/" + source.rpartition("templates/")[2]
    same = [path for path in templates if path.lower() == source.lower()]
    found = same or [path for path in templates if path.endswith(below)]
    if source.startswith("charts/") and len(found) > 1:
        found = [path for path in found if path.startswith("charts/")]
    return (found[0], templates[found[0]]) if len(found) == 1 else (source, "\n")


def _template_line(template: str, rendered: list[str], first: int, line: int) -> int:
    """The line of the template that gave this line of an object that begins at `first`.

    The same text, else the same key, else the template's first line. A template may hold several objects that
    share lines: those above this object in the same file are passed over, as far as the template has more.
    """
    lines = [each.strip() for each in template.splitlines()]
    text = rendered[line].strip() if line < len(rendered) else ""
    key = text.partition(":")[0] + ":"
    for wanted, whole in ((text, True), (key, False)):
        there = [number for number, each in enumerate(lines, 1) if _is(each, wanted, whole)]
        if there:
            above = rendered[_began(rendered, first) : line]
            before = sum(_is(each.strip(), wanted, whole) for each in above)
            return there[min(before, len(there) - 1)]
    return 1


def _is(line: str, wanted: str, whole: bool) -> bool:
    return line == wanted if whole else line.startswith(wanted)


def _began(rendered: list[str], first: int) -> int:
    """Where helm began to render the file that this line comes from."""
    source = ""
    began = first
    for number in range(min(first, len(rendered) - 1), -1, -1):
        if rendered[number].startswith("# Source: "):
            if source and rendered[number] != source:
                break
            source, began = rendered[number], number
    return began
