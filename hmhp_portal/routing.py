"""Every WebSocket address; each room brings its own list."""

from __future__ import annotations

import deployments.routing
import events.routing

websocket_urlpatterns = [*events.routing.websocket_urlpatterns, *deployments.routing.websocket_urlpatterns]
