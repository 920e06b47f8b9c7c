# ruff: noqa: T201  (what it prints is what is tested)
"""The sockets role of the test component: a WebSocket that says its slot, then repeats or closes."""

from __future__ import annotations

import os

from aiohttp import WSMsgType, web


async def _socket(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=("echo.v1",))
    await socket.prepare(request)
    await socket.send_str(os.environ["SLOT"])
    async for message in socket:
        if message.type is WSMsgType.TEXT and message.data.startswith("close "):
            await socket.close(code=int(message.data.removeprefix("close ")))
        elif message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def _status(request: web.Request) -> web.Response:
    return web.Response(status=int(request.match_info["status"]))


async def _health(request: web.Request) -> web.Response:
    return web.Response()


def serve() -> None:
    """Until SIGTERM."""
    app = web.Application()
    app.router.add_get("/healthz", _health)
    app.router.add_get("/status/{status}", _status)
    app.router.add_get("/ws", _socket)
    print("serving", flush=True)
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None, shutdown_timeout=2)
