"""What the demo adds to an installation: the example platform, passwords and apps for its people."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from accounts.actors import system
from accounts.models import User
from accounts.services.factors import set_up_demo_app
from accounts.services.people import set_demo_password
from examples import cluster as on_cluster
from examples.build import build

EXAMPLES = settings.BASE_DIR / "examples"


def cluster() -> dict[str, Any]:
    """What the launcher settled about the reader's cluster; empty where the example runs on this machine."""
    try:
        found: dict[str, Any] = json.loads((Path(settings.PORTAL_DATA_DIR) / "cluster.json").read_text())
    except FileNotFoundError:
        return {}
    return found


def lay_out(folder: Path, tell: Callable[[str], None]) -> Path:
    """Put artefacts and platform file of the example into the data folder; returns the file.

    The file lies beside the artefacts, so that two demos never share either.
    """
    if settled := cluster():
        return on_cluster.lay_out(folder, settled)
    artifacts = folder / "artifacts"
    if not artifacts.exists():
        tell("Building the artefacts of the example platform")
    build(artifacts)
    file = folder / "platform.yaml"
    file.write_bytes((EXAMPLES / "platform.yaml").read_bytes())
    return file


def give_passwords() -> None:
    """Everybody who came with the example may log in with the password that the launcher prints."""
    for person in User.objects.filter(is_active=True):
        if not person.has_usable_password():
            set_demo_password(person, settings.PORTAL_DEMO_PASSWORD, system("demo"))


def empty() -> None:
    """Empty the database of a demo that was left half made.

    Its record refuses that, as any record does; only a superuser, as the launcher's own account is, gets
    past. Raises CommandError elsewhere: a new database is wanted then.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
    except DatabaseError as error:
        raise CommandError(
            "The demo's data was left half made and its record refuses to be emptied; "
            "give the demo a new database."
        ) from error
    try:
        call_command("flush", interactive=False, verbosity=0)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET session_replication_role")


def give_apps() -> None:
    """Everybody of the demo has an authenticator app, whose code the demo shows in place of a phone.

    Raises NotAllowed on an installation that is no demo.
    """
    for person in User.objects.filter(is_active=True):
        set_up_demo_app(person, system("demo"))
