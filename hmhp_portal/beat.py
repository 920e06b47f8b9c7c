"""The clock of the portal: of several beats on one Redis, one sends.

    celery -A hmhp_portal.beat beat

The one that holds the lock sends what is due and renews it; the others look again until it lets go or
its time is over. A beat that is started again in the same place takes its own lock up at once. It sends
tasks by name, so it loads neither Django's apps nor the tasks: half the memory of a worker.
"""

from __future__ import annotations

import logging
import os
import socket

from celery import Celery
from celery.beat import PersistentScheduler
from django.conf import settings
from django.core.cache import cache

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hmhp_portal.settings")

app = Celery("hmhp_portal", fixups=[], set_as_current=False)
app.config_from_object("django.conf:settings", namespace="CELERY")

log = logging.getLogger(__name__)

KEY = "beat-holder"
HELD_SECONDS = 8
LOOK_SECONDS = 1.0


class SingleScheduler(PersistentScheduler):  # type: ignore[misc]
    """The usual scheduler, silent while another beat holds the lock."""

    owner = f"{socket.gethostname()}:{settings.PORTAL_DATA_DIR}"

    def tick(self, *args: object, **kwargs: object) -> float:
        """Send what is due, if it is ours to send; the seconds until the next tick."""
        if not self.holds():
            return LOOK_SECONDS
        return min(float(super().tick(*args, **kwargs)), HELD_SECONDS / 3)

    def holds(self) -> bool:
        """Take the lock or renew it. Without Redis nothing can be sent either."""
        try:
            if cache.add(KEY, self.owner, HELD_SECONDS):
                log.info("this beat sends from now on (%s)", self.owner)
                return True
            return cache.get(KEY) == self.owner and cache.touch(KEY, HELD_SECONDS)
        except Exception as problem:
            log.warning("the lock of beat cannot be asked for: %s", type(problem).__name__)
            return False
