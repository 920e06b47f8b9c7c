"""`manage.py make_dossier (--release VERSION | --since DATE --until DATE) [--out FILE]`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import system
from desk import services
from events.errors import PortalError


def moment(text: str) -> datetime:
    """A date or a moment in ISO 8601; without a zone it is UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Command(BaseCommand):
    """The archive, written to a file at once."""

    help = "Make the auditor's dossier of a release or of a period."

    def add_arguments(self, parser: CommandParser) -> None:
        """What, and where to."""
        parser.add_argument("--release", default="")
        parser.add_argument("--since", type=moment)
        parser.add_argument("--until", type=moment)
        parser.add_argument("--out", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, make, write."""
        try:
            asked = services.ask(
                actor=system("command line"),
                release=options["release"],
                since=options["since"],
                until=options["until"],
            )
            archive = services.archive_of(asked)
        except PortalError as error:
            raise CommandError(error.detail) from error
        asked.delete()
        file = options["out"] or Path(asked.filename)
        try:
            file.write_bytes(archive)
        except OSError as error:
            raise CommandError(f"The dossier was not written to {file}: {error.strerror}.") from error
        self.stdout.write(f"Wrote {file} ({len(archive):,} bytes).")
