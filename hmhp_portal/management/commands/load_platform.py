"""`./portal manage load_platform FILE [--check]`: bring the portal to a platform file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import system
from events.errors import Invalid
from hmhp_portal import platform_file


class Command(BaseCommand):
    """Checks the file, prints what changes, and applies it unless --check is given."""

    help = "Load a platform file; a wrong one is refused whole, with every error and its path."

    def add_arguments(self, parser: CommandParser) -> None:
        """File and --check."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--check", action="store_true", help="print the plan of changes and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line a change, or one line an error and exit 1."""
        try:
            document = platform_file.read(options["file"])
            changes = (
                platform_file.plan(document)
                if options["check"]
                else platform_file.load(document, actor=system("command line"))
            )
        except Invalid as error:
            lines = [f"  {path}: {text}" for path, texts in error.fields.items() for text in texts]
            raise CommandError("\n".join([error.detail, *lines])) from error
        for change in changes if options["verbosity"] else ():
            self.stdout.write(f"- {change}")
        verb = "would change" if options["check"] else "changed"
        self.stdout.write(f"{len(changes)} thing(s) {verb}." if changes else "Nothing to change.")
