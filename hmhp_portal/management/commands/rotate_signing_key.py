"""`./portal manage rotate_signing_key`: from now on a new key signs; the old public key is kept.

Hand the new public keys to your auditors afterwards (`export_public_keys`).
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actors import system
from events import keys
from events.errors import PortalError


class Command(BaseCommand):
    """Rotates the key."""

    help = "Make a new signing key; earlier signatures stay provable by the old public key."

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, recorded as done by the command line."""
        try:
            made = keys.rotate(system("command line").id)
        except PortalError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{made.new.id} signs from now on; {made.old.id} signed until now and is kept.")
