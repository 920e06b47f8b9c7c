"""Every WebSocket address; each room brings its own list."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings

ROOMS = ("events.routing", "deployments.routing")


def websocket_routes() -> list[Any]:
    """The rooms' routes, in order."""
    built = [
        room for room in ROOMS if settings.BASE_DIR.joinpath(*room.split(".")).with_suffix(".py").exists()
    ]
    return [route for room in built for route in import_module(room).websocket_urlpatterns]
