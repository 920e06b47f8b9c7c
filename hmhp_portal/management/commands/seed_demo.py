"""`manage.py seed_demo`: the demo's past and present, once per installation. Called by `prepare`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection

from deployments import queries as deployments
from events import clock
from examples import cluster as on_cluster
from examples.build import build
from hmhp_portal import demo, seeding
from hmhp_portal.seeding import bringing, playing, present
from hmhp_portal.seeding import cast as casting
from hmhp_portal.seeding.history import Past, latest, versions


class Command(BaseCommand):
    """Drives the real services under a moved clock; does nothing where there are releases already."""

    help = "Make the demo's believable past and present."

    def handle(self, *args: Any, **options: Any) -> None:
        """Play the past, place its end on the real targets, make what waits."""
        if seeding.done():
            return
        with connection.cursor() as cursor:
            # A seed that dies is made again from nothing, so that its commits need not wait for the disk.
            cursor.execute("SET synchronous_commit = off")
        settled = demo.cluster()
        if settled:
            built, configured = on_cluster.built(settled["image"]), on_cluster.configured
        else:
            built, configured = build(Path(settings.PORTAL_DATA_DIR) / "artifacts"), None
        host = "github.com"
        cast = casting.assemble()
        now = clock.now()
        history = latest(settings.PORTAL_DEMO_RELEASES)
        names = versions([past.opens(now) for past in history] + [now, now + timedelta(seconds=1)])
        self._past(history, names, cast, host, bringing.artifacts_of(built), configured)
        self._tell("Starting the example platform")
        for environment in deployments.environments()[1:]:
            present.place(environment)
        self._tell(f"Staging {names[-2]}, which will wait for its signatures")
        present.make_waiting(names[-2], cast, host, built["good-2"])
        present.make_draft(names[-1], cast, host, {"scheduling": built["fails-8-percent"]["scheduling"]})
        seeding.note_done()

    def _past(
        self,
        history: Sequence[Past],
        names: list[str],
        cast: casting.Cast,
        host: str,
        artifact: Any,
        configured: Any,
    ) -> None:
        played = playing.Played()
        before = None
        for number, (past, version) in enumerate(zip(history, names, strict=False), start=1):
            self._tell(f"Playing the past, release {number} of {len(history)}: {version}")
            playing.play(
                past, version, before=before, cast=cast, played=played, host=host, artifact=artifact,
                configured=configured,
            )  # fmt: skip
            before = version

    def _tell(self, text: str) -> None:
        self.stdout.write(f"- {text}")
        self.stdout.flush()
