"""`manage.py apply_retention [--drop]`: which months are over, and dropping them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from events import clock, retention
from events.errors import PortalError


class Command(BaseCommand):
    """Without --drop it only tells."""

    help = "Drop months of the audit trail whose six years are over, each with a signed tombstone."

    def add_arguments(self, parser: CommandParser) -> None:
        """Tell or do."""
        parser.add_argument("--drop", action="store_true", help="drop them; without it they are only listed")

    def handle(self, *args: Any, **options: Any) -> None:
        """List, drop, tell."""
        months = retention.expired(clock.now())
        if not months:
            self.stdout.write("No month's six years are over.")
        for month in months:
            if month.held_by or not options["drop"]:
                self.stdout.write(f"{month.partition}: {month.held_by or 'could be dropped'}")
                continue
            try:
                stone = retention.drop(month, "system:retention")
            except PortalError as error:
                raise CommandError(error.detail) from error
            self.stdout.write(f"{stone.partition}: dropped; its tombstone is signed by {stone.key_id}.")
