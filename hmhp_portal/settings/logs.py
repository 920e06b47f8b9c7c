"""Logging: one line an entry to standard error, where the supervisor files it."""

from __future__ import annotations

from typing import Any

from hmhp_portal.settings.environment import Environment


def logging_of(environment: Environment) -> dict[str, Any]:
    """Django's LOGGING. Request lines of healthy polls are noise, warnings and errors are not."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
                "datefmt": "%Y-%m-%dT%H:%M:%S%z",
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": environment.log_level},
        "loggers": {
            "django.request": {"level": "ERROR"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
            "uvicorn.access": {"level": "WARNING"},
        },
    }
