"""One database per environment, made when a process first needs it.

In comes an environment's name, out goes the URL that its processes are given. Under the base URL
each environment gets a database `hmhp_<environment>` and a role of the same name that owns it and
nothing else, so that a release cannot read what others, the portal included, keep on that server.
Where the base account may not make roles, its own account is handed out. Blocking: used in threads.
"""

from __future__ import annotations

import json
import secrets
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict

from platforms.base import PlatformUnavailable
from platforms.local.state import write_atomically

CONNECT_SECONDS = 5


class Databases:
    """Makes and names the databases; keeps the roles' passwords in `folder`."""

    def __init__(self, base_url: str, folder: Path) -> None:
        self._base_url = base_url
        self._passwords_file = folder / "database_roles.json"
        self._urls: dict[str, str] = {}
        self._lock = threading.Lock()

    def url(self, environment: str) -> str:
        """The URL for that environment, empty where no server is configured.

        Raises PlatformUnavailable while the server does not answer or refuses.
        """
        if not self._base_url:
            return ""
        with self._lock:
            if environment not in self._urls:
                try:
                    self._urls[environment] = self._make(f"hmhp_{environment}"[:63])
                except psycopg.Error as error:
                    why = " ".join(str(error).split())
                    raise PlatformUnavailable(
                        f"The database of {environment} is out of reach: {why}"
                    ) from error
            return self._urls[environment]

    def _make(self, name: str) -> str:
        with psycopg.connect(self._base_url, autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
            password = self._role(connection, name)
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not found:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            if password is None:
                return database_url(self._base_url, name)
            database, role = sql.Identifier(name), sql.Identifier(name)
            connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, role))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        return database_url(self._base_url, name, name, password)

    def _role(self, connection: psycopg.Connection[Any], name: str) -> str | None:
        """The role's password, set anew unless we know it; None where we may make no roles."""
        passwords = self._passwords()
        password = passwords.get(name) or secrets.token_urlsafe(24)
        found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
        verb = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}" if found else "CREATE ROLE {} LOGIN PASSWORD {}")
        try:
            connection.execute(verb.format(sql.Identifier(name), sql.Literal(password)))
            if not found:  # an owner is made by one who holds the role, unless that is a superuser
                connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(name)))
        except errors.InsufficientPrivilege:
            return None
        if passwords.get(name) != password:
            write_atomically(self._passwords_file, json.dumps({**passwords, name: password}))
        return password

    def _passwords(self) -> dict[str, str]:
        try:
            return dict(json.loads(self._passwords_file.read_text()))
        except FileNotFoundError:
            return {}


def database_url(base: str, database: str, user: str | None = None, password: str | None = None) -> str:
    """`base` with another database and, when given, another account, as a postgresql:// URL.

    `base` may be a URL, over TCP or a unix socket, or libpq's `key=value` words.
    """
    if "://" not in base:
        words = {key: str(value) for key, value in conninfo_to_dict(base).items() if value is not None}
        words.pop("dbname", None)
        base = f"postgresql:///?{urlencode(words, quote_via=quote)}"
    parts = urlsplit(base)
    query = {key: value for key, value in parse_qsl(parts.query) if key != "dbname"}
    place = parts.netloc
    if user is not None:
        place = place.rpartition("@")[2]
        account = f"{quote(user, safe='')}:{quote(password or '', safe='')}"
        query = {key: value for key, value in query.items() if key not in ("user", "password")}
        if place:
            place = f"{account}@{place}"
        else:  # over a socket named in the query, where an empty host may carry no account
            query |= {"user": user, "password": password or ""}
    suffix = f"?{urlencode(query, quote_via=quote)}" if query else ""
    return f"postgresql://{place}/{quote(database, safe='')}{suffix}"
