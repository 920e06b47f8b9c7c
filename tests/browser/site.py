"""A portal with a story in a database of its own, its web process, and people who are logged in.

The story is `bench/_story.py`: releases in every state, made by the real services and engine. Tests here
read and change it through Django's models while the web process serves it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import connection
from django.db.models import Model
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from accounts.services.roles import grant_role
from bench import _place, _story
from deployments.models import DeploymentRun, RunStep
from events import clock
from hmhp_portal.settings import ENVIRONMENT
from hmhp_portal.settings.services import caches
from platforms.keys.registry import open_keeper
from tests import once
from tests.cast import SETUP

STORY, EMPTY = "story", "empty"
T = TypeVar("T")


@dataclass
class Site:
    """One database with its web process. `run` is the production run under way, None where nothing is."""

    portal: str
    run: int | None
    _models: ThreadPoolExecutor
    _sessions: dict[str, str] = field(default_factory=dict)

    def do(self, act: Callable[..., T], *arguments: Any) -> T:
        """Use models and services: in a thread of their own, since the browser's loop runs in this one."""
        return self._models.submit(act, *arguments).result()

    def session(self, name: str) -> str:
        """The key of a session of that person, as the web process reads it."""
        if name not in self._sessions:
            self._sessions[name] = self.do(_session, name)
        return self._sessions[name]


def _session(name: str) -> str:
    # Each test has a prefix of its own in the cache (tests/conftest.py); the web process has the portal's.
    cache.key_prefix = caches(ENVIRONMENT)["default"]["KEY_PREFIX"]
    return _place.session_of(name)


def client(name: str) -> Client:
    """Django's own client on the same database, for use within `Site.do`."""
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(username=name))
    return client


@contextmanager
def open_site(kind: str) -> Iterator[Site]:
    """A site with the story, or one with a single person and nothing else, until the end of the block."""
    name = f"browser_{os.getpid()}_{kind}"
    with ThreadPoolExecutor(1) as models:
        before = connection.settings_dict["NAME"]
        try:
            run = models.submit(_copy, kind, name).result()
            with _place.serve(name) as portal:
                yield Site(portal, run, models)
        finally:
            models.submit(_drop, name, before).result()


def _copy(kind: str, name: str) -> int | None:
    """A copy of what is told once in a run of the tests; the production run under way in it."""

    def fill(folder: Path) -> None:
        (folder / "run.json").write_text(json.dumps(_tell(kind)))

    _place.database_from(once.database(kind, fill, once.tables()), name)
    run: int | None = json.loads(once.kept(kind, "run.json").read_text())
    return run


def story_keys() -> Path:
    """The folder of the key that signs in every story of this run."""

    def ensure(folder: Path) -> None:
        open_keeper("file", {"folder": str(folder)}).ensure(datetime(2020, 1, 1, tzinfo=UTC))

    return once.made("story_keys", ensure)


def _tell(kind: str) -> int | None:
    if kind == STORY:
        return int(_story.tell().pk)
    rita = User.objects.create_user("rita", "rita@hmhp.example", display_name="Rita", date_joined=clock.now())
    for role in (Role.RELEASE_MANAGER, Role.ADMINISTRATOR):
        grant_role(rita, role, SETUP)
    return None


def _drop(name: str, before: str) -> None:
    _place.use("postgres")
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _place.use(before)


def ended_as(run_id: int, state: str, **changes: Any) -> DeploymentRun:
    """A copy of a run in another state, with its steps: what only a page looks at."""
    run = DeploymentRun.objects.get(pk=run_id)
    copy = DeploymentRun.objects.create(**_values(run) | changes | {"state": state})
    for step in run.steps.all():
        RunStep.objects.create(**_values(step) | {"run_id": copy.pk})
    return copy


def _values(row: Model) -> dict[str, Any]:
    return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if not f.primary_key}
