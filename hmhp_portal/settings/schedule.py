"""What beat sends, and when. A sweep is the guarantee behind every wake; one that waited is worthless."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab


def _sweep(task: str, every: float, queue: str) -> dict[str, Any]:
    return {"task": task, "schedule": every, "options": {"queue": queue, "expires": every}}


BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "deployments-sweep": _sweep("deployments.tasks.sweep", 1.0, "control"),
    "releases-sweep": _sweep("releases.tasks.sweep", 2.0, "control"),
    "approvals-sweep": _sweep("approvals.tasks.sweep", 5.0, "control"),
    "notifications-sweep": _sweep("notifications.tasks.sweep", 2.0, "mail"),
    "deployments-observe": _sweep("deployments.tasks.observe_idle", 10.0, "engine"),
    "events-checkpoint": {
        "task": "events.tasks.checkpoint",
        "schedule": 60.0,
        "options": {"queue": "celery", "expires": 60},
    },
    "events-verify": {
        "task": "events.tasks.verify",
        "schedule": crontab(hour="2", minute="37"),
        "options": {"queue": "celery"},
    },
    "events-make-months": {
        "task": "events.tasks.make_months",
        "schedule": crontab(hour="1", minute="7"),
        "options": {"queue": "celery"},
    },
    "desk-dossiers": {
        "task": "desk.tasks.sweep_dossiers",
        "schedule": 60.0,
        "options": {"queue": "celery", "expires": 60},
    },
    "deployments-resize": _sweep("deployments.tasks.resize", 60.0, "engine"),
    "deployments-check-drift": _sweep("deployments.tasks.check_drift", 300.0, "engine"),
    "accounts-clear-sessions": {
        "task": "accounts.tasks.clear_sessions",
        "schedule": crontab(hour="3", minute="41"),
        "options": {"queue": "celery"},
    },
    "deployments-clear-old-progress": {
        "task": "deployments.tasks.clear_old_progress",
        "schedule": crontab(hour="3", minute="17"),
        "options": {"queue": "celery"},
    },
}
