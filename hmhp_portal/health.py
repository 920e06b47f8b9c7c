"""Is this process alive, and can it serve? For load balancers and the supervisor."""

from __future__ import annotations

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse


def alive(request: HttpRequest) -> JsonResponse:
    """The process answers; says nothing about what it needs."""
    return JsonResponse({"alive": True})


def ready(request: HttpRequest) -> JsonResponse:
    """PostgreSQL and Redis answer this process: 200, else 503 naming what does not (never why)."""
    parts = {
        "database": _answers(connection.ensure_connection),
        "cache": _answers(lambda: cache.get("ready")),
    }
    whole = all(parts.values())
    return JsonResponse({"ready": whole, **parts}, status=200 if whole else 503)


def _answers(ask: object) -> bool:
    try:
        ask()  # type: ignore[operator]
    except Exception:
        return False
    return True
