"""`./portal manage create_token NAME --scopes read,release [--person LOGIN] …`: a new API token.

Prints the token's text, once, on its own line, so that a script can take it. Recorded as made by the
command line. Without --person it is a service token, which never signs, decides or starts production.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import system
from accounts.models import User
from accounts.queries import user_by_name
from accounts.roles import Scope
from accounts.services.tokens import create_token
from events.errors import PortalError


class Command(BaseCommand):
    """Makes one token."""

    help = "Make an API token and print it once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name, scopes, and whose."""
        known = ", ".join(Scope.values)
        parser.add_argument("name", help="what it is for, for example “CI of patient-web”")
        parser.add_argument("--scopes", "--scope", default="read", help=f"separated by commas: {known}")
        parser.add_argument(
            "--person", default="", help="login of who it acts for; none makes a service token"
        )
        parser.add_argument("--environments", default="", help="separated by commas; none means all")
        parser.add_argument("--days", type=int, default=90, help="how long it holds, 1 to 366")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it; a refusal is one sentence and exit 1."""
        try:
            token, text = create_token(
                name=options["name"],
                scopes=_names(options["scopes"]),
                owner=self._owner(options["person"]),
                environments=_names(options["environments"]),
                days=options["days"],
                actor=system("command line"),
            )
        except PortalError as error:
            raise CommandError(error.detail) from error
        whose = f"@{token.owner.handle}" if token.owner else "a service"
        self.stderr.write(
            f"Acts for {whose} with {', '.join(token.scopes)} until {token.expires_at:%Y-%m-%d %H:%M} UTC. "
            "This is the only time that it is shown:"
        )
        self.stdout.write(text)

    def _owner(self, login: str) -> User | None:
        if not login:
            return None
        person = user_by_name(login)
        if person is None:
            raise CommandError(f"Nobody here has the login {login}.")
        if not person.is_active:
            raise CommandError(f"The account of {login} is switched off.")
        return person


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
