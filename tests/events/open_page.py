"""An open page's socket for tests: speaks ASGI to a consumer, without a server in between."""

from __future__ import annotations

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator


class OpenPage(ApplicationCommunicator):  # type: ignore[misc]
    """One WebSocket: `connect`, `frame`, `closing_code`, `leave`."""

    def __init__(self, consumer: Any, path: str, person: Any, query: str = "", **kwargs: Any) -> None:
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode(),
            "headers": [],
            "subprotocols": [],
            "user": person,
            "url_route": {"args": (), "kwargs": kwargs},
        }
        super().__init__(consumer.as_asgi(), scope)

    async def connect(self) -> None:
        """Open; the consumer accepts, also when it closes with a code right after."""
        await self.send_input({"type": "websocket.connect"})
        assert (await self.receive_output(3))["type"] == "websocket.accept"

    async def frame(self, timeout: float = 5) -> dict[str, Any]:
        """The next frame."""
        output = await self.receive_output(timeout)
        assert output["type"] == "websocket.send", output
        found: dict[str, Any] = json.loads(output["text"])
        return found

    async def closing_code(self, timeout: float = 5) -> int:
        """The code with which the consumer closes; frames before it are passed over."""
        output = await self.receive_output(timeout)
        while output["type"] != "websocket.close":
            output = await self.receive_output(timeout)
        return int(output["code"])

    async def leave(self) -> None:
        """Close from the page's side."""
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(3)
