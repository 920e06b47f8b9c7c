"""`./portal manage export_public_keys > keys.json`: what an auditor keeps, to check signatures by later."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events import keys
from events.errors import PortalError


class Command(BaseCommand):
    """Prints every public key, oldest first."""

    help = "Print the public keys as JSON; hand them to auditors before they need them."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print."""
        try:
            self.stdout.write(json.dumps(keys.exported(), indent=1))
        except PortalError as error:
            raise CommandError(error.detail) from error
