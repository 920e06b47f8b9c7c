"""What is raised while the database or Redis does not answer: nothing was wrong with what was asked."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisSlow

AWAY = (OperationalError, InterfaceError, RedisAway, RedisSlow)
"""Answered by 503 and when to ask again, on pages and by the API alike."""
