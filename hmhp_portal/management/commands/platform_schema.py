"""`./portal manage platform_schema`: print the JSON Schema of the platform file."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from hmhp_portal import platform_file


class Command(BaseCommand):
    """For editors and pre-commit checks in the repository that keeps the file."""

    help = "Print the JSON Schema of the platform file."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the schema, indented."""
        self.stdout.write(json.dumps(platform_file.schema(), indent=2))
