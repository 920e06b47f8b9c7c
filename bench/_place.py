"""A database, a cache and web processes of a benchmark's own: no installation is read or written.

`own_place()` starts the servers and points Django's settings at them; call it before anything imports
Django. `database_from` copies the database in moments; `serve` runs the real web process on a copy.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60.0


@contextmanager
def own_place(*, pages: bool = True) -> Iterator[Path]:
    """Servers of our own, settings that name them, and Django set up; yields a folder for files.

    `pages` False leaves out the files that pages need; packing them takes its time.
    """
    from bench._steps import ends_with_its_children
    from hmhp_portal.embedded.temporary import TemporaryServices

    ends_with_its_children()
    services = TemporaryServices("hmhp-bench")
    try:
        services.start()
        assert services.postgres is not None
        left = {name: text for name, text in os.environ.items() if not name.startswith("PORTAL_")}
        os.environ.clear()
        os.environ.update(left)
        os.environ |= {
            "DATABASE_URL": services.postgres.url(),
            "REDIS_URL": services.valkey.url(),
            "PORTAL_MODE": "up",
            "PORTAL_DATA_DIR": str(services.folder),
            "PORTAL_SECRET_KEY": secrets.token_urlsafe(48),
            "DJANGO_SETTINGS_MODULE": "hmhp_portal.settings",
        }
        _set_up(pages)
        yield services.folder
    finally:
        services.stop()


def _set_up(pages: bool) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from deployments.services import keeping
    from events import clock, keys, partitions
    from hmhp_portal import static_files

    # One connection that is switched between the copies: a pool would keep those of the others open.
    connection.settings_dict["OPTIONS"].pop("pool", None)
    call_command("migrate", interactive=False, verbosity=0)
    partitions.make_ahead(clock.now())
    keeping.make_days_ahead()
    keys.ensure()
    if pages:
        static_files.collect()


def use(name: str) -> None:
    """Ask the database of that name from here on."""
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = name


def database_from(template: str, name: str) -> None:
    """A copy of a database that nobody is connected to; it is used from here on."""
    from django.db import connection

    use("postgres")
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    use(name)


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def serve(name: str) -> Iterator[str]:
    """The portal's web process on that database, with its files as they are served; yields its address."""
    with serving(name) as (address, _):
        yield address


@contextmanager
def serving(name: str) -> Iterator[tuple[str, int]]:
    """The same, with the process's id."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    environment = os.environ | {"DATABASE_URL": url, "PORTAL_BASE_URL": address, "PORTAL_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "hmhp_portal.web", "--port", str(port)]
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    try:
        _wait(f"{address}/readyz", child)
        yield address, child.pid
    finally:
        child.terminate()
        child.wait(10)


def _wait(url: str, child: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and child.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the web process does not answer")


def session_of(username: str) -> str:
    """The key of a session in which this person is logged in, as the web process reads it."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from accounts.models import User
    from accounts.sessions import SessionStore

    user = User.objects.get(username=username)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)
