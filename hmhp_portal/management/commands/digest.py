"""`./portal manage digest FOLDER`: the digest of an artefact folder for the local target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from platforms.local.digest import digest_folder


class Command(BaseCommand):
    """What CI hands over as a component's artefact digest."""

    help = "Print the sha256 digest of an artefact folder."

    def add_arguments(self, parser: CommandParser) -> None:
        """One or more folders."""
        parser.add_argument("folder", type=Path, nargs="+")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line a folder; with several, the folder's name behind the digest."""
        for folder in options["folder"]:
            if not folder.is_dir():
                raise CommandError(f"{folder} is not a folder.")
            try:
                digest = digest_folder(folder)
            except (OSError, ValueError) as error:
                raise CommandError(f"{folder}: {error}") from error
            self.stdout.write(digest if len(options["folder"]) == 1 else f"{digest}  {folder}")
