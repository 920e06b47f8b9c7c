"""The agent's side of the socket: HTTP requests in, one verb of a target each, JSON out.

Every request carries the installation's token. A refusal is 409 with `code` and `reason`, a
passing trouble 503 with `reason` and `retry_after`; the driver makes its errors of them.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from platforms.base import PlatformRefused, PlatformUnavailable
from platforms.local import protocol
from platforms.local.targets import Target

log = logging.getLogger(__name__)
MAX_BYTES = 8_000_000

Body = dict[str, Any]
Verb = Callable[[Target, Body], Awaitable[Body]]


async def _probe(target: Target, body: Body) -> Body:
    result = await target.probe(protocol.read_slot(body.get("slot")), _data_class(body))
    return protocol.write_probe(result)


async def _observe(target: Target, body: Body) -> Body:
    return protocol.write_observation(await target.observe())


async def _ensure(target: Target, body: Body) -> Body:
    await target.ensure(_fence(body), protocol.read_slot(body.get("slot")), _data_class(body))
    return {}


async def _run_job(target: Target, body: Body) -> Body:
    slot, job = protocol.read_slot(body.get("slot")), protocol.read_job(body.get("job"))
    return protocol.write_job_result(await target.run_job(_fence(body), slot, job, _data_class(body)))


async def _switch(target: Target, body: Body) -> Body:
    await target.switch(_fence(body), protocol.read_routing(body.get("routing")))
    return {}


async def _retire(target: Target, body: Body) -> Body:
    await target.retire(_fence(body), protocol.name(body.get("slot"), "a slot"))
    return {}


async def _lines(target: Target, body: Body) -> Body:
    after = {
        component: protocol.number(position, "a position")
        for component, position in protocol.mapping(body.get("after", {}), "after").items()
    }
    return {"lines": target.lines(protocol.name(body.get("slot"), "a slot"), after)}


async def _by_hand(target: Target, body: Body) -> Body:
    slot = protocol.name(body["slot"], "a slot") if body.get("slot") else ""
    await target.by_hand(slot, str(body.get("who", "somebody"))[:100], str(body.get("reason", ""))[:500])
    return {}


VERBS: dict[str, Verb] = {
    "probe": _probe,
    "observe": _observe,
    "ensure": _ensure,
    "run_job": _run_job,
    "switch": _switch,
    "retire": _retire,
    "lines": _lines,
    "by_hand": _by_hand,
}


class Api:
    """The agent's HTTP application.

    `target` finds or makes a target; `changed` is called after each verb that may have changed one.
    """

    def __init__(
        self,
        token: str,
        target: Callable[[str, str], Target],
        listing: Callable[[], Body],
        changed: Callable[[], None],
    ) -> None:
        self._token = token.encode()
        self._target = target
        self._listing = listing
        self._changed = changed

    def application(self) -> web.Application:
        """Ready to be served on the socket."""
        app = web.Application(client_max_size=MAX_BYTES, middlewares=[self._guard])
        app.router.add_get("/v1/targets", self._list)
        app.router.add_post("/v1/targets/{environment}/{region}/{verb}", self._call)
        return app

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response(self._listing())

    async def _call(self, request: web.Request) -> web.Response:
        verb = VERBS.get(request.match_info["verb"])
        if verb is None:
            raise PlatformRefused("invalid", f"The agent knows no verb {request.match_info['verb']}.")
        environment = protocol.name(request.match_info["environment"], "an environment")
        region = protocol.name(request.match_info["region"], "a region")
        try:
            body = protocol.mapping(await request.json(), "the request")
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise PlatformRefused("invalid", "The request is not JSON.") from error
        target = self._target(environment, region)
        target.settle(protocol.mapping(body.get("target"), "target"))
        answer = await verb(target, dict(body))
        self._changed()
        return web.json_response(answer)

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Who may call, and errors as the driver expects them."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        if not hmac.compare_digest(given, self._token):
            return web.json_response({"reason": "The agent's token is another one."}, status=401)
        try:
            return await handler(request)
        except PlatformRefused as error:
            return web.json_response({"code": error.code, "reason": error.reason}, status=409)
        except PlatformUnavailable as error:
            return web.json_response({"reason": error.reason, "retry_after": error.retry_after}, status=503)
        except OSError as error:
            return web.json_response({"reason": f"The machine refuses: {error}"}, status=503)
        except web.HTTPException:
            raise
        except Exception as error:
            log.exception("%s", request.path)
            return web.json_response({"reason": f"The agent failed: {type(error).__name__}."}, status=500)


def _fence(body: Body) -> int:
    return protocol.number(body.get("fence"), "the fence")


def _data_class(body: Body) -> str:
    return str(protocol.mapping(body.get("target"), "target").get("data_class", ""))
