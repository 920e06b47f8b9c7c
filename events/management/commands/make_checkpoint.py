"""`manage.py make_checkpoint [--head FILE]`: seal what moved now, and write the head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from events import checkpoints, heads
from events.errors import PortalError


class Command(BaseCommand):
    """On demand what the clock does each minute."""

    help = "Make a checkpoint of the audit trail now; --head writes its head to a file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the head goes."""
        parser.add_argument("--head", type=Path, help="write the newest head to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal, tell, write."""
        try:
            made = checkpoints.make()
        except PortalError as error:
            raise CommandError(error.detail) from error
        newest = made or checkpoints.newest()
        if newest is None:
            raise CommandError("Nothing has been recorded yet.")
        words = "made" if made else "is the newest; nothing has happened since"
        self.stdout.write(f"Checkpoint {newest.number} {words}: {newest.hash}")
        if options["head"]:
            try:
                options["head"].write_text(heads.written(newest))
            except OSError as error:
                raise CommandError(
                    f"The head was not written to {options['head']}: {error.strerror}."
                ) from error
