"""`./portal manage verify_signatures`: every stored signature, again; exit 1 says which do not hold."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from approvals.models import SignedAct
from approvals.services.signatures import faults
from events.errors import PortalError


class Command(BaseCommand):
    """Says how many hold, or what does not."""

    help = "Check every signature: its key, its text, and that what is shown is what was signed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check all, print every fault."""
        try:
            found = list(faults())
        except PortalError as error:
            raise CommandError(error.detail) from error
        for fault in found:
            self.stdout.write(fault.sentence)
        if found:
            raise CommandError(f"{len(found)} signatures do not hold.")
        self.stdout.write(f"{SignedAct.objects.count()} signatures hold.")
