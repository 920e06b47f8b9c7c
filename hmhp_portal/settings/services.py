"""Connections to PostgreSQL, Redis and the key keeper, made from the environment.

One Redis serves three purposes in numbered databases: 1 wakes browsers, 2 queues tasks, 3 caches.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from hmhp_portal.settings.environment import Environment

WAKES, QUEUES, CACHE = 1, 2, 3
_UNSET_DATABASE = "postgresql://portal@localhost/portal"
_UNSET_REDIS = "redis://localhost:6379"


def database(environment: Environment) -> dict[str, Any]:
    """Django's entry for the database.

    A pool needs CONN_MAX_AGE 0, and health checks, or the first requests after a restart of
    PostgreSQL fail. Tests connect without one: they drop their database while threads are about.
    """
    try:
        parts: dict[str, Any] = dict(conninfo_to_dict(environment.database_url or _UNSET_DATABASE))
    except ProgrammingError:
        raise ImproperlyConfigured("DATABASE_URL is not a PostgreSQL address (postgresql://…).") from None
    entry: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", "portal"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "") or ""),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": parts,
    }
    if environment.mode != "test":
        entry["OPTIONS"] = parts | {
            "pool": {"min_size": 1, "max_size": environment.database_pool, "timeout": 30}
        }
    return entry


def redis_url(environment: Environment, number: int) -> str:
    """The address of one numbered database, as redis-py reads it."""
    url = environment.redis_url or _UNSET_REDIS
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"{url}{'&' if parts.query else '?'}db={number}"
    if parts.scheme in ("redis", "rediss"):
        return parts._replace(path=f"/{number}").geturl()
    raise ImproperlyConfigured("REDIS_URL must begin with redis://, rediss:// or unix://.")


def broker_url(environment: Environment) -> str:
    """The address of the queues, as Celery reads it."""
    url = redis_url(environment, QUEUES)
    if url.startswith("unix:"):
        return "redis+socket:" + url.removeprefix("unix:").replace(f"db={QUEUES}", f"virtual_host={QUEUES}")
    return url


def channel_layers(environment: Environment) -> dict[str, Any]:
    """The publish/subscribe layer: it loses no message to a full buffer as the list-based one does."""
    return {
        "default": {
            "BACKEND": "events.layer.Layer",
            "CONFIG": {"hosts": [redis_url(environment, WAKES)], "prefix": "hmhp"},
        }
    }


def caches(environment: Environment) -> dict[str, Any]:
    """The shared cache: sessions and rate limits need one that all processes see."""
    return {
        "default": {
            "BACKEND": "hmhp_portal.shared_cache.SharedRedisCache",
            "LOCATION": redis_url(environment, CACHE),
            "KEY_PREFIX": "hmhp",
        }
    }


def key_keeper(environment: Environment) -> dict[str, str]:
    """What the keeper of the signing key is opened with (`platforms.keys.registry`)."""
    if environment.key_keeper == "file":
        return {"folder": str(environment.key_folder or environment.data_dir / "keys")}
    return {
        "address": environment.vault_address,
        "token": environment.vault_token,
        "token_file": environment.vault_token_file,
        "key": environment.vault_key,
        "mount": environment.vault_mount,
        "namespace": environment.vault_namespace,
        "authority": environment.vault_authority,
    }
