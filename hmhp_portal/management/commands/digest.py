"""`./portal manage digest FOLDER`: the digest of an artefact folder for the local target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from platforms.local.digest import digest_lines


class Command(BaseCommand):
    """What CI hands over as a component's artefact digest."""

    help = "Print the sha256 digest of an artefact folder."

    def add_arguments(self, parser: CommandParser) -> None:
        """One or more folders."""
        parser.add_argument("folder", type=Path, nargs="+")

    def handle(self, *args: Any, **options: Any) -> None:
        """As the launcher answers it, which has no need of Django."""
        try:
            for line in digest_lines(options["folder"]):
                self.stdout.write(line)
        except ValueError as error:
            raise CommandError(str(error)) from error
