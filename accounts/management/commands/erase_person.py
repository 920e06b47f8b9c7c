"""`manage.py erase_person LOGIN --reason WHY`: remove a person's names, leave the record whole."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import system
from accounts.queries import user_by_name
from accounts.services.erasing import erase_person
from events.errors import PortalError


class Command(BaseCommand):
    """There is no way back."""

    help = "Erase a person: names and addresses go, the record of what they did stays under their id."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who and why."""
        parser.add_argument("login")
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase and tell."""
        person = user_by_name(options["login"])
        if person is None:
            raise CommandError(f"There is nobody called {options['login']}.")
        try:
            erase_person(person, actor=system("command line"), reason=options["reason"])
        except PortalError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"Erased; the record names {person.actor_id} from now on.")
