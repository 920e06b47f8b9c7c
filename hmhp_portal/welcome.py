"""What the launcher prints when the portal is up: who may log in, or how the first person gets in."""

from __future__ import annotations

import json
import os
from pathlib import Path

from django.conf import settings

from accounts.models import User
from accounts.roles import Role
from accounts.services.people import first_administrator_link
from events.errors import WrongState


def write(*, demo: bool) -> None:
    """Write `welcome.json` into the data folder, readable by its owner only (it holds a link)."""
    path = Path(settings.PORTAL_DATA_DIR) / "welcome.json"
    unfinished = path.with_suffix(".new")
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w") as stream:
        json.dump({"lines": _people() if demo else _first_person()}, stream)
    unfinished.replace(path)


def _people() -> list[str]:
    rows = []
    for person in User.objects.filter(is_active=True).order_by("pk"):
        roles = ", ".join(sorted(Role(role).label for role in person.current_roles())) or "no role"
        rows.append((person.handle, person.display_name, roles))
    widths = [max((len(row[i]) for row in rows), default=0) for i in (0, 1)]
    lines = [f"{handle:<{widths[0]}}  {name:<{widths[1]}}  {roles}" for handle, name, roles in rows]
    return [f"Log in as one of these, password  {settings.PORTAL_DEMO_PASSWORD}", *lines]


def _first_person() -> list[str]:
    try:
        link = first_administrator_link()
    except WrongState:
        return []
    return ["The first administrator sets a login and a password here (once, within a day):", link]
