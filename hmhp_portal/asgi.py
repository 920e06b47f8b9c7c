"""One port for pages, API and WebSockets.

HTTP runs in Django's WSGI handler inside a fixed pool of threads: over ASGI every synchronous
middleware costs a thread hop, which makes pages several times slower, and a thread per request leaks
database connections. Acts that save the day (pause, abort) have threads of their own, so that slow
pages never stand before them.
"""

from __future__ import annotations

import os
from typing import Any

import django
from a2wsgi import WSGIMiddleware
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hmhp_portal.settings")
django.setup(set_prefix=False)

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402

from hmhp_portal.routing import websocket_urlpatterns  # noqa: E402

PAGE_THREADS = 6
URGENT_THREADS = 2
URGENT = ("/pause/", "/abort/", "/rollback/", "/resume/")

_handler: Any = WSGIHandler()
_pages = WSGIMiddleware(_handler, workers=PAGE_THREADS)
_urgent = WSGIMiddleware(_handler, workers=URGENT_THREADS)


async def http(scope: Any, receive: Any, send: Any) -> None:
    """Hand a request to the threads that it deserves."""
    urgent = scope["method"] == "POST" and scope["path"].endswith(URGENT)
    await (_urgent if urgent else _pages)(scope, receive, send)


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
