"""Sessions in the shared cache, with a copy in the database: a Redis that forgets logs nobody out.

Reading costs no query while the cache knows the session. The copy is written when something changed, else
at most every COPY_SECONDS, so that an idle end read from it is never later than the true one. Named in
settings as SESSION_ENGINE.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import cached_db

COPY_SECONDS = 300


class SessionStore(cached_db.SessionStore):
    """As Django's, but a request that only renews the session writes to the cache alone."""

    cache_key_prefix = "accounts.sessions"
    _cache: Any
    _session: Any

    def save(self, must_create: bool = False) -> None:
        """Keep the session; in the database too where the copy would grow too old."""
        if must_create or self.modified or self.session_key is None or self._copy_is_old():
            super().save(must_create)
            return
        try:
            self._cache.set(self.cache_key, self._session, self.get_expiry_age())
        except Exception:
            super().save(must_create)

    def _copy_is_old(self) -> bool:
        """True at most once in COPY_SECONDS, and always while the cache does not answer."""
        try:
            return bool(self._cache.add(f"{self.cache_key}.copied", 1, COPY_SECONDS))
        except Exception:
            return True
