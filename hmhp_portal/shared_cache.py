"""The shared cache with its connections kept: one pool of them for each process.

Django keeps a cache's client for a thread's or a task's context. In the web process every request and every
socket's handshake runs in a context of its own, so each of them would connect anew. Named in settings.
"""

from __future__ import annotations

import threading
from typing import Any

from django.core.cache.backends.redis import RedisCache
from django.utils.functional import cached_property

_clients: dict[str, Any] = {}
_lock = threading.Lock()


class SharedRedisCache(RedisCache):
    """As Django's; the client is the process's. It is safe between threads and connects anew in a child."""

    _servers: list[str]
    _options: dict[str, Any]
    _class: Any

    @cached_property
    def _cache(self) -> Any:
        place = repr((self._servers, sorted(self._options.items())))
        with _lock:
            if place not in _clients:
                _clients[place] = self._class(self._servers, **self._options)
            return _clients[place]
