"""`./portal manage one_time_code PERSON`: in the demo, what that person's authenticator app shows.

Waits up to half a minute where the last codes were used. Refused anywhere but in the demo: there each
person reads their own app.
"""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.queries import user_by_name
from accounts.services.factors import next_code
from events.errors import PortalError

LONGEST_WAIT = 35
"""Seconds; a step of an app has thirty."""


class Command(BaseCommand):
    """Prints one code."""

    help = "Print the one-time code that a person of the demo would read from their app."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose."""
        parser.add_argument("person", help="login")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it on its own line, so that a script can take it."""
        person = user_by_name(options["person"])
        if person is None:
            raise CommandError(f"Nobody here has the login {options['person']}.")
        limit = time.monotonic() + LONGEST_WAIT
        try:
            while (code := next_code(person)) is None:
                if time.monotonic() > limit:
                    raise CommandError("No code comes; is the clock of this machine standing still?")
                time.sleep(0.5)
        except PortalError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(code)
