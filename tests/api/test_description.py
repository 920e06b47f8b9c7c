"""The API's description, its readable page, and what every endpoint keeps to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.validation import validate_schema

from approvals.policy import Action
from hmhp_portal.api.docs import description
from rest.views import Endpoint

METHODS = ("get", "post", "put", "patch", "delete")
WANTED = """
GET,POST releases/ | GET,PATCH releases/{version}/ | PUT releases/{version}/components/{name}/
POST releases/{version}/checklist/{name}/ | POST releases/{version}/validations/{name}/
POST releases/{version}/facts/{name}/ | POST releases/{version}/stage/ | POST releases/{version}/submit/
POST releases/{version}/sign-offs/ | DELETE releases/{version}/sign-offs/{id}/
POST releases/{version}/decision/ | POST releases/{version}/watching/ | POST releases/{version}/deploy/
POST releases/{version}/rollback/ | POST releases/{version}/lessons/ | POST releases/{version}/replan/
POST releases/{version}/rebase/ | POST releases/{version}/cancel/ | POST releases/{version}/reopen/
POST releases/{version}/follow-up/ | GET releases/{version}/readiness/ | GET deployments/
GET deployments/{id}/
GET deployments/{id}/progress/ | POST deployments/{id}/pause/ | POST deployments/{id}/resume/
POST deployments/{id}/promote/ | POST deployments/{id}/abort/ | GET events/ | GET keys/ | GET environments/
POST releases/{version}/ask-again/ | GET policy/ | POST policy/sign-offs/ | POST policy/take-back/
GET,POST deputies/ | DELETE deputies/{id}/
GET,POST freezes/ | DELETE freezes/{id}/
POST dossiers/ | GET dossiers/{dossier}/ | GET dossiers/{dossier}/archive/
GET,POST legal-holds/ | POST legal-holds/{id}/lift/
POST releases/{version}/break-glass/ | POST releases/{version}/freeze-overrides/
GET,POST emergency-stops/ | POST emergency-stops/{id}/sign-offs/ | POST emergency-stops/{id}/lift/
POST emergency-stops/{id}/ask-again/ | GET reviews/ | POST reviews/{id}/sign-offs/
POST reviews/{id}/follow-up/ | POST late-entries/
"""


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, item[method])
        for path, item in description()["paths"].items()
        for method in METHODS
        if method in item
    ]


def views(patterns: Any = None) -> Iterator[type[Endpoint]]:
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLResolver):
            yield from views(entry.url_patterns)
        elif isinstance(entry, URLPattern):
            view = getattr(entry.callback, "view_class", getattr(entry.callback, "cls", None))
            if isinstance(view, type) and issubclass(view, Endpoint):
                yield view


def test_description_holds_every_promised_call_and_no_other() -> None:
    wanted = set()
    for entry in re.split(r"[|\n]", WANTED):
        if entry.strip():
            verbs, path = entry.split()
            wanted |= {(verb, f"/api/v1/{path}") for verb in verbs.split(",")}
    assert {(method.upper(), path) for path, method, _ in operations()} == wanted


def test_description_is_openapi_31_for_everybody(client: Client) -> None:
    answer = client.get("/api/v1/schema/")
    validate_schema(answer.json())
    assert answer.json()["openapi"].startswith("3.1")
    assert client.get("/api/v1/schema/", headers={"if-none-match": answer["ETag"]}).status_code == 304


@pytest.mark.parametrize(("path", "method", "item"), operations(), ids=lambda value: str(value)[:60])
def test_every_example_fits_its_shape(path: str, method: str, item: dict[str, Any]) -> None:
    contents = [answer.get("content", {}) for answer in item["responses"].values()]
    contents.append(item.get("requestBody", {}).get("content", {}))
    judged = 0
    for media in (media for content in contents for media in content.values()):
        schema = {"components": description()["components"], **media["schema"]}
        for example in media.get("examples", {}).values():
            jsonschema.Draft202012Validator(schema).validate(example["value"])
            judged += 1
    assert judged >= len(item["responses"]) - 2, "an answer has no example"
    assert item["summary"]
    assert item["description"]


def test_every_endpoint_declares_who_may_call_each_of_its_methods() -> None:
    found = list(views())
    assert len(found) > 25
    for view in found:
        served = {method.upper() for method in METHODS if hasattr(view, method)}
        assert served == set(view.policy_actions), view
        assert {Action(action) for action in view.policy_actions.values()}


def test_every_chapter_is_described() -> None:
    told = {tag["name"] for tag in description()["tags"] if tag["description"]}
    assert {tag for _, _, item in operations() for tag in item["tags"]} == told


def test_limit_is_a_number_within_its_bounds() -> None:
    limits = [
        p["schema"] for _, _, o in operations() for p in o.get("parameters", []) if p["name"] == "limit"
    ]
    assert limits
    for schema in limits:
        assert (schema["type"], schema["minimum"]) == ("integer", 1)
        assert schema["maximum"] >= 200


def test_every_write_takes_an_idempotency_key() -> None:
    for path, method, item in operations():
        takes = any(parameter["name"] == "Idempotency-Key" for parameter in item.get("parameters", []))
        assert takes == (method != "get"), (path, method)


@pytest.mark.django_db
def test_page_reads_every_call_aloud_without_script_or_style(client: Client) -> None:
    page = client.get("/api/v1/docs/").content.decode()
    for path, method, item in operations():
        assert f'id="{item["operationId"]}"' in page, (path, method)
    assert not re.search(r"<style|style=|onclick|<script(?![^>]*src=)", page)
    assert not re.search(r'(?:src|href)="https?://', page)
