"""The WebSocket address of this app; joined with the others in `hmhp_portal.routing`."""

from __future__ import annotations

from django.urls import path

from events.consumers import DoorbellConsumer

websocket_urlpatterns = [path("ws/doorbell/", DoorbellConsumer.as_asgi())]
