"""`manage.py verify_audit [--head FILE] [--keys FILE]`: does the record stand as it was written?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from events import heads, keys
from events.errors import PortalError
from events.verification import Outcome, verify
from platforms.heads import newest
from platforms.keys.base import PublicKey


class Command(BaseCommand):
    """Exits 0 when everything stands, 1 with the first bad row."""

    help = "Check every event, checkpoint and tombstone; with --head also against a head kept elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the head and the keys were kept."""
        parser.add_argument("--head", type=Path, help="a head that left the machine earlier, or their folder")
        parser.add_argument("--keys", type=Path, help="public keys that were handed over earlier")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and tell."""
        outcome = self._verify(options["head"], options["keys"])
        if outcome.problem:
            raise CommandError(outcome.problem)
        speed = outcome.events / outcome.seconds if outcome.seconds else 0
        self.stdout.write(
            f"{outcome.events} events in {outcome.streams} streams and {outcome.checkpoints} checkpoints "
            f"stand as they were written ({outcome.seconds:.1f} s, {speed:,.0f} events a second)."
        )

    def _verify(self, head: Path | None, known: Path | None) -> Outcome:
        try:
            if head is not None and head.is_dir():
                head = newest(head) or head / "head.json"
            kept = heads.read(head.read_text()) if head else None
            public = _keys_in(known) if known else None
            return verify(head=kept, public=public)
        except heads.NotAHead as error:
            raise CommandError(f"{head}: {error}") from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from error
        except PortalError as error:
            raise CommandError(error.detail) from error


def _keys_in(file: Path) -> tuple[PublicKey, ...]:
    try:
        return keys.read_exported(json.loads(file.read_text()))
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{file} holds no public keys of a portal.") from error
