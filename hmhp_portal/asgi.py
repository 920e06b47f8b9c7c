"""One port for pages, API and WebSockets.

HTTP runs in Django's WSGI handler inside fixed pools of threads: over ASGI every synchronous
middleware costs a thread hop, which makes pages several times slower, and a thread per request leaks
database connections. Acts that save the day (pause, abort) and the page of a run, where their buttons
are, have threads of their own, so that pages and pipelines never stand before them; and neither do pages
stand before pipelines.
"""

from __future__ import annotations

import os
import re
from typing import Any

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hmhp_portal.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402

from hmhp_portal.routing import websocket_urlpatterns  # noqa: E402
from hmhp_portal.shedding.bodies import Bodies  # noqa: E402
from hmhp_portal.shedding.lanes import Lane  # noqa: E402
from hmhp_portal.shedding.sockets import InAll, OfOnePerson  # noqa: E402
from hmhp_portal.socket_user import WithUser  # noqa: E402

PAGE_THREADS, API_THREADS, RUN_THREADS, URGENT_THREADS = 4, 3, 2, 2
RUN_PAGE = re.compile(r"/deployments/\d+/")
URGENT = ("/pause/", "/abort/", "/rollback/", "/resume/")

_handler: Any = WSGIHandler()
_bodies = Bodies(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
_pages = Lane(_handler, PAGE_THREADS, room=256, of_one=128)
_pipelines = Lane(_handler, API_THREADS, room=320, of_one=192)
_runs = Lane(_handler, RUN_THREADS, room=96, of_one=24)
_urgent = Lane(_handler, URGENT_THREADS, room=48, of_one=8)


async def http(scope: Any, receive: Any, send: Any) -> None:
    """Hand a request to the threads that it deserves."""
    await lane_of(scope["method"], scope["path"])(scope, receive, send, _bodies)


def lane_of(method: str, path: str) -> Lane:
    """Whose threads answer this."""
    if method == "POST" and path.endswith(URGENT):
        return _urgent
    if method == "GET" and RUN_PAGE.fullmatch(path):
        return _runs
    return _pipelines if path.startswith("/api/") else _pages


_socket_routes = OfOnePerson(URLRouter(websocket_urlpatterns), settings.PORTAL_SOCKETS_OF_ONE)


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": InAll(AllowedHostsOriginValidator(WithUser(_socket_routes)), settings.PORTAL_SOCKETS),
    }
)
