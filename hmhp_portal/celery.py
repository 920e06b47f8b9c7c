"""The Celery application: workers, beat and every process that wakes one share it."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun, worker_init, worker_ready
from django.conf import settings
from django.db import close_old_connections

from hmhp_portal.turns import take_short_turns

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hmhp_portal.settings")

app = Celery("hmhp_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.set_default()


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery leaves logging alone when somebody answers this signal: Django's settings decide."""


@task_prerun.connect
@task_postrun.connect
def return_connections(**_: Any) -> None:
    """A worker thread gives its connection back to the pool between tasks."""
    if not app.conf.task_always_eager:
        close_old_connections()


@worker_init.connect
def share_the_interpreter(**_: Any) -> None:
    """The threads of a worker ask databases and clusters beside each other."""
    take_short_turns()


@worker_ready.connect
def tell_the_supervisor(**_: Any) -> None:
    """Show that this worker takes work."""
    if settings.PORTAL_READY_FILE is not None:
        settings.PORTAL_READY_FILE.touch()
