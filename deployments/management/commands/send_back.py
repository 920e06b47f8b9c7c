"""`./portal manage send_back ENVIRONMENT REGION --slot SLOT`: traffic to a slot, past the engine.

For the hour in which a run cannot reach a region and a person can: talks to the target alone, needs no
worker, beat or web. The target keeps a mark, so that a run which moves forward there holds and says so.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from deployments.errors import EnvironmentNotFound
from deployments.services.by_hand import send_back
from platforms.base import PlatformError


class Command(BaseCommand):
    """Send all traffic and background work of one target to one slot."""

    help = "Send all traffic of an environment in a region to a slot, past the engine."

    def add_arguments(self, parser: CommandParser) -> None:
        """Environment, region and slot."""
        parser.add_argument("environment")
        parser.add_argument("region")
        parser.add_argument(
            "--slot", required=True, help="the slot to serve, or none to take all traffic off"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Switch, then print what is in force."""
        try:
            weights = send_back(options["environment"], options["region"], options["slot"])
        except (EnvironmentNotFound, PlatformError) as error:
            raise CommandError(str(error)) from error
        now = ", ".join(f"{slot} {weight} %" for slot, weight in weights.items()) or "nothing"
        self.stdout.write(f"{options['environment']} in {options['region']} now serves: {now}.")
