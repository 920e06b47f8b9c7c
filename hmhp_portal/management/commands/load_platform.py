"""`./portal manage load_platform FILE [--check]`: bring the portal to a platform file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import system
from accounts.services.refusals import note
from events.errors import PortalError
from hmhp_portal import platform_file

BY = system("command line")


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
                platform_file.plan(document) if options["check"] else platform_file.load(document, actor=BY)
            )
        except PortalError as error:
            lines = [f"  {path}: {text}" for path, texts in error.fields.items() for text in texts]
            if not options["check"]:
                _record(error, lines)
            raise CommandError("\n".join([error.detail, *lines])) from error
        for change in changes if options["verbosity"] else ():
            self.stdout.write(f"- {change}")
        verb = "would change" if options["check"] else "changed"
        self.stdout.write(f"{len(changes)} thing(s) {verb}." if changes else "Nothing to change.")


def _record(error: PortalError, lines: list[str]) -> None:
    """A refused file is on the record, with the first of its faults; a mere check is not."""
    told = " ".join([error.detail, *(line.strip() for line in lines[:5])])
    fields = {"fields": sorted(error.fields)[:20]} if error.fields else {}
    note(BY.id, {"act": "load_platform"}, error.type, error.status, told, fields)
