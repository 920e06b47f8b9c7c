"""`./portal manage drift_report [LEFT RIGHT]`: two environments' specifications side by side.

Staging and production when nothing is named. Exit code 1 when a side could not be read.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from deployments import queries
from deployments.errors import EnvironmentNotFound
from deployments.models import Environment
from deployments.services.comparing import Comparison, compare

MOST_LETTERS = 300


class Command(BaseCommand):
    """Print what runs otherwise than approved, then every field in which the two differ."""

    help = (
        "Set the specifications of two environments side by side, and tell what runs otherwise than approved."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Both environments, or none."""
        parser.add_argument("left", nargs="?", default="", help="the one before production when left out")
        parser.add_argument("right", nargs="?", default="", help="production when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print both parts."""
        for environment in Environment.objects.filter(retired_at=None).select_related("serving"):
            for text in queries.drift(environment.serving, queries.targets_of(environment)):
                self.stdout.write(f"Drift in {environment.name}: {text}.")
        try:
            found = compare(options["left"], options["right"])
        except EnvironmentNotFound as error:
            raise CommandError(str(error)) from error
        for one in found:
            self._tell(one)
        unread = [s for one in found for s in (one.left, one.right) if s.problem]
        if unread:
            raise CommandError(f"{unread[0].environment} in {unread[0].region}: {unread[0].problem}.")

    def _tell(self, one: Comparison) -> None:
        names = [f"{s.environment} in {s.region} ({s.serves or 'nothing'})" for s in (one.left, one.right)]
        self.stdout.write(f"\n- {names[0]}\n+ {names[1]}\n{one.same} object(s) are the same.")
        heading = ""
        for change in one.changes:
            if change.object != heading:
                heading = change.object
                self.stdout.write(f"  {heading}")
            for sign, value in (("-", change.before), ("+", change.after)):
                where = f"{change.path}: " if change.path else ""
                self.stdout.write(f"    {sign} {where}{_short(value)}")
        if one.more:
            self.stdout.write(f"  and {one.more} more difference(s).")


def _short(value: Any) -> str:
    if value is None:
        return "(not there)"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]} …"
