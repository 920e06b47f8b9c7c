"""The OpenAPI description turned into what the docs page shows, chapter by chapter.

Comes in: the description as drf-spectacular made it. Goes out: frozen dataclasses of plain text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body or one parameter."""

    name: str
    kind: str
    where: str
    required: bool
    text: SafeString


@dataclass(frozen=True, slots=True)
class Answer:
    """One status that an operation answers with."""

    status: str
    text: SafeString


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    anchor: str
    method: str
    path: str
    summary: str
    text: SafeString
    fields: tuple[Field, ...]
    request: str
    response: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """The operations of one tag."""

    name: str
    text: SafeString
    operations: tuple[Operation, ...]


def chapters(description: Mapping[str, Any]) -> list[Chapter]:
    """The chapters in the order of the description's tags."""
    by_tag: dict[str, list[Operation]] = {}
    for path, item in description["paths"].items():
        for method in METHODS:
            if method in item:
                operation = _operation(description, path, method, item[method])
                by_tag.setdefault(item[method]["tags"][0], []).append(operation)
    texts = {tag["name"]: tag.get("description", "") for tag in description.get("tags", [])}
    order = [name for name in texts if name in by_tag] + [name for name in by_tag if name not in texts]
    return [Chapter(name, prose(texts.get(name, "")), tuple(by_tag[name])) for name in order]


def _operation(root: Mapping[str, Any], path: str, method: str, item: Mapping[str, Any]) -> Operation:
    body = item.get("requestBody", {}).get("content", {}).get("application/json", {})
    good = [c for status, c in item["responses"].items() if status.startswith("2")]
    content = good[0].get("content", {}).get("application/json", {}) if good else {}
    parameters = (
        Field(p["name"], _kind(p.get("schema", {})), p["in"], bool(p.get("required")), _text(p))
        for p in item.get("parameters", [])
    )
    return Operation(
        anchor=item["operationId"],
        method=method.upper(),
        path=path,
        summary=item.get("summary", ""),
        text=prose(item["description"]) if item["description"] != item["summary"] else SafeString(),
        fields=(*parameters, *_fields(root, body.get("schema", {}), "body")),
        request=_example(body),
        response=_example(content),
        answers=tuple(
            Answer(status, a.get("description", "")) for status, a in sorted(item["responses"].items())
        ),
    )


def _fields(
    root: Mapping[str, Any], schema: Mapping[str, Any], where: str, path: str = ""
) -> Iterator[Field]:
    """The fields of a shape, each followed by those within it: `window.start`, `authors[].login`."""
    shape = _resolved(root, schema)
    required = shape.get("required", [])
    for name, field in shape.get("properties", {}).items():
        found = _resolved(root, field)
        yield Field(f"{path}{name}", _kind(found), where, name in required, _text(field))
        inner, step = _within(found)
        if inner:
            yield from _fields(root, inner, where, f"{path}{name}{step}")


def _within(shape: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """What a field holds, and how its fields are reached."""
    if "items" in shape:
        return shape["items"], "[]."
    if isinstance(shape.get("additionalProperties"), Mapping):
        return shape["additionalProperties"], ".NAME."
    return shape, "."


def _resolved(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref") or next((s["$ref"] for s in schema.get("allOf", []) if "$ref" in s), None)
    if reference is None:
        return schema
    found: Mapping[str, Any] = root["components"]["schemas"][reference.rsplit("/", 1)[-1]]
    return found


def _kind(schema: Mapping[str, Any]) -> str:
    if values := schema.get("enum"):
        return " | ".join(str(value) for value in values)
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = " or ".join(kind)
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    form = schema.get("format")
    return f"{kind} ({form})" if form else str(kind)


def _text(item: Mapping[str, Any]) -> SafeString:
    return prose(str(item.get("description", "")))


def prose(text: str) -> SafeString:
    """Text as HTML: escaped, and what stands between backticks as code."""
    pieces = enumerate(text.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", t) if n % 2 else t,) for n, t in pieces)
    )


def _example(content: Mapping[str, Any]) -> str:
    examples = list(content.get("examples", {}).values())
    return json.dumps(examples[0]["value"], indent=2, ensure_ascii=False) if examples else ""
