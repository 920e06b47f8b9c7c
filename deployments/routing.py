"""The WebSocket address of this app; joined with the others in `hmhp_portal.routing`."""

from __future__ import annotations

from django.urls import path

from deployments.consumers import RunConsumer

websocket_urlpatterns = [path("ws/deployments/<int:run_id>/", RunConsumer.as_asgi())]
