"""The channel layer of the portal: Redis publish and subscribe, with a way to publish from plain code.

Consumers subscribe through the library's own class. Whoever has just committed publishes here, over a
kept connection and in one round trip: a loop for each commit would cost more than all it has to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

SECONDS = 5.0
"""How long Redis may take; what takes longer is lost, which a slow poll makes good."""


class Layer(RedisPubSubChannelLayer):  # type: ignore[misc]
    """One Redis, the first of `hosts`, under `prefix`."""

    def __init__(self, hosts: list[str], prefix: str, **given: Any) -> None:
        super().__init__(hosts=hosts, prefix=prefix, **given)
        self._prefix = prefix
        self._redis = Redis.from_url(
            hosts[0], socket_timeout=SECONDS, socket_connect_timeout=SECONDS, retry=Retry(NoBackoff(), 1)
        )

    def publish(self, messages: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Send each message to its group, as `group_send` does; raises what Redis raises."""
        with self._redis.pipeline(transaction=False) as pipe:
            for group, message in messages:
                pipe.publish(f"{self._prefix}__group__{group}", self.serialize(dict(message)))
            pipe.execute()
