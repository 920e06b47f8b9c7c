# ruff: noqa: T201  (what it prints is what is tested)
"""The http role of the test component: answers as its paths say."""

from __future__ import annotations

import asyncio
import gzip
import os
from pathlib import Path

from aiohttp import WSMsgType, web

HERE = Path(__file__).parent


async def _slot(request: web.Request) -> web.Response:
    return web.Response(text=os.environ["SLOT"])


async def _environment(request: web.Request) -> web.Response:
    return web.json_response(dict(os.environ))


async def _headers(request: web.Request) -> web.Response:
    return web.json_response([[name, value] for name, value in request.headers.items()])


async def _echo(request: web.Request) -> web.StreamResponse:
    """The body, piece by piece as it comes."""
    response = web.StreamResponse(headers={"X-Method": request.method})
    await response.prepare(request)
    async for piece in request.content.iter_any():
        await response.write(piece)
    await response.write_eof()
    return response


async def _gzip(request: web.Request) -> web.Response:
    return web.Response(body=gzip.compress(b"packed"), headers={"Content-Encoding": "gzip"})


async def _status(request: web.Request) -> web.Response:
    return web.Response(status=int(request.match_info["status"]))


async def _slow(request: web.Request) -> web.Response:
    await asyncio.sleep(float(request.query["seconds"]))
    return web.Response(text=os.environ["SLOT"])


async def _break_off(request: web.Request) -> web.StreamResponse:
    """Half of what was promised."""
    response = web.StreamResponse(headers={"Content-Length": request.query["length"]})
    await response.prepare(request)
    await response.write(b"half")
    assert request.transport is not None
    request.transport.close()
    return response


async def _drop(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


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


async def _health(request: web.Request) -> web.Response:
    return web.Response(status=503 if (HERE / "unhealthy").exists() else 200)


async def _die(request: web.Request) -> web.Response:
    os._exit(7)


def serve() -> None:
    """Until SIGTERM."""
    app = web.Application(client_max_size=0)
    app.router.add_get("/", _slot)
    app.router.add_get("/environment", _environment)
    app.router.add_get("/headers", _headers)
    app.router.add_route("*", "/echo", _echo)
    app.router.add_route("*", "/status/{status}", _status)
    app.router.add_get("/gzip", _gzip)
    app.router.add_get("/slow", _slow)
    app.router.add_get("/break", _break_off)
    app.router.add_route("*", "/drop", _drop)
    app.router.add_get("/ws", _socket)
    app.router.add_get("/healthz", _health)
    app.router.add_get("/die", _die)
    print("serving", flush=True)
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None, shutdown_timeout=2)
