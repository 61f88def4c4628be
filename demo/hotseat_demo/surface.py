"""The test surface over HTTP: read the request log, clear it, queue replies."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from hotseat_demo.reply import Reply

if TYPE_CHECKING:  # the server imports this module
    from hotseat_demo.server import DemoModel


def surface(demo: "DemoModel") -> Iterable[web.RouteDef]:
    """The routes of the test surface."""

    async def about(_: web.Request) -> web.Response:
        return web.json_response({"service": "hotseat demo model", "real": False, "api": "/v1/messages"})

    async def requests(request: web.Request) -> web.Response:
        kept = demo.main_requests if request.query.get("main") else demo.requests
        return _json({"requests": kept})

    async def reset(_: web.Request) -> web.Response:
        demo.reset()
        return web.json_response({"reset": True})

    async def queue(request: web.Request) -> web.Response:
        try:
            replies = msgspec.json.decode(await request.read(), type=Reply | list[Reply])
        except msgspec.DecodeError as error:
            return web.json_response({"error": f"not a reply or a list of replies: {error}"}, status=400)
        demo.queue(*(replies if isinstance(replies, list) else [replies]))
        return web.json_response({"queued": demo.queued})

    return [
        web.get("/", about),
        web.get("/__requests", requests),
        web.post("/__reset", reset),
        web.post("/__queue", queue),
    ]


def _json(body: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")
