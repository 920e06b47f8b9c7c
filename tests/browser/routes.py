"""Every page of the portal, found from its routes: a room that comes later is looked at as well.

A route is tried with everything that the story has for its arguments, as several people, until it gives
a page. What is no page of its own (fragments, files, probes) is named in `NO_PAGE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from bench._story import LIVES
from deployments.models import DeploymentRun
from notifications.models import Message
from releases.models import Release
from tests.browser.site import client

PEOPLE = ("rita", "devon", "quinn", "adam", "dana")
ELSEWHERE = ("api/", "admin/", "account/2fa/", "account/reauthenticate/")
"""The API has no pages; the others ask for a password first and have tests of their own."""
NO_PAGE = {
    "healthz", "readyz", "shell/", "deployments/<int:pk>/panels/", "outbox/<int:pk>/message.eml",
    "outbox/<int:pk>/html/",
}  # fmt: skip
EACH_STATE = {"releases/<str:version>/", "releases/<str:version>/go/"}


def routes() -> list[str]:
    """The routes of all pages, as their patterns."""
    found = dict.fromkeys(_walk(get_resolver(), ""))
    return [r for r in found if r not in NO_PAGE and not r.startswith(ELSEWHERE)]


def _walk(resolver: URLResolver, before: str) -> Iterator[str]:
    for part in resolver.url_patterns:
        route = before + str(part.pattern)
        if isinstance(part, URLPattern):
            yield route
        else:
            yield from _walk(part, route)


def pages() -> tuple[list[tuple[str, str]], list[str]]:
    """(person, path) of every page, and the routes that gave none to anybody; within `Site.do`."""
    clients = {name: client(name) for name in PEOPLE}
    found: list[tuple[str, str]] = []
    silent = []
    for route in routes():
        mine = []
        for path, name in product(_paths(route), PEOPLE):
            if mine and (route not in EACH_STATE or any(p == path for _, p in mine)):
                continue
            answer = clients[name].get(path)
            if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
                mine.append((name, path))
        found += mine
        if not mine:
            silent.append(route)
    return found, silent


def _paths(route: str) -> list[str]:
    names = re.findall(r"<\w+:(\w+)>", route)
    choices = [_known(route, name) for name in names]
    return ["/" + _filled(route, values) for values in product(*choices)]


def _filled(route: str, values: tuple[str, ...]) -> str:
    given = iter(values)
    return re.sub(r"<\w+:\w+>", lambda _: next(given), route)


def _known(route: str, name: str) -> list[str]:
    """What the story has for an argument of a route."""
    if name == "pk":
        rows = {"deployments": DeploymentRun, "outbox": Message}.get(route.partition("/")[0])
        return [str(pk) for pk in rows.objects.values_list("pk", flat=True)[:20]] if rows else ["1"]
    release = Release.objects.get(version=LIVES[-4].version)
    item = release.items.first()
    known = {
        "version": [life.version for life in LIVES],
        "login": list(User.objects.filter(username="dana").values_list("username", flat=True)),
        "role": ["developer"],
        "list": [item.list],
        "name": [item.name, "backup_age", "patient-web"],
    }
    return known.get(name, ["1"])
