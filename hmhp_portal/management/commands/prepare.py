"""`manage.py prepare`: everything between "PostgreSQL answers" and "pages can be served".

Called by the launcher at every start, in one process because importing Django is what costs the time.
Every step looks first whether it has anything to do. Lines that begin with `- ` are for the person at
the terminal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from deployments.services import keeping
from events import clock, keys, partitions
from events.errors import PortalError
from hmhp_portal import demo, seeding, static_files, welcome

LOCK = 0x686D6870
"""Key of the advisory lock under which one process at a time prepares a database."""


class Command(BaseCommand):
    """Migrate, make a signing key, collect static files, load a platform file, seed, write the welcome."""

    help = "Prepare the database and the files of this installation; safe to repeat."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """What the launcher was asked for."""
        parser.add_argument("--demo", action="store_true", help="with the example platform and its past")
        parser.add_argument("--given-database", action="store_true", help="it is not the launcher's own")
        parser.add_argument("--platform", type=Path, help="a platform file to load")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what is left to do."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            try:
                if options["demo"] and options["given_database"]:
                    self._refuse_what_is_not_a_demos()
                self._migrate()
                partitions.make_ahead(clock.now())
                keeping.make_days_ahead()
                self._have_a_key()
                self._collect()
                self._load(options["demo"], options["platform"])
                welcome.write(demo=options["demo"])
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])

    def _tell(self, text: str) -> None:
        self.stdout.write(f"- {text}")
        self.stdout.flush()

    def _refuse_what_is_not_a_demos(self) -> None:
        """A demo empties its database when its data was left half made: never somebody else's."""
        mark = Path(settings.PORTAL_DATA_DIR) / "demo.database"
        if not mark.exists() and MigrationRecorder(connection).has_table():
            raise CommandError(
                "The database that DATABASE_URL names holds a portal already; the demo takes an empty one."
            )
        mark.touch()

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            self._tell(f"Migrating the database ({len(plan)} steps)")
            call_command("migrate", interactive=False, verbosity=0)

    def _have_a_key(self) -> None:
        """Nothing can be signed without one, and an unsafe one stops the start."""
        try:
            keys.ensure()
        except PortalError as error:
            raise CommandError(error.detail) from error

    def _collect(self) -> None:
        if static_files.changed():
            self._tell("Collecting styles, icons and scripts")
            static_files.collect()

    def _load(self, with_demo: bool, platform: Path | None) -> None:
        if with_demo:
            self._load_example()
        if platform is not None:
            self._tell(f"Loading {platform}")
            call_command("load_platform", str(platform), stdout=self.stdout)

    def _load_example(self) -> None:
        """The example once: what people load and make afterwards is theirs to keep."""
        folder = Path(settings.PORTAL_DATA_DIR)
        if seeding.half_made():
            self._tell("The demo's data was left half made; making it again")
            demo.empty()
        if not seeding.done():
            file = demo.lay_out(folder, self._tell)
            self._tell(f"Loading {file}")
            call_command("load_platform", str(file), stdout=self.stdout, verbosity=0)
        demo.give_passwords()
        demo.give_apps()
        call_command("seed_demo", stdout=self.stdout)
