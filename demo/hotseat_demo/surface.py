"""The test surface over HTTP: read the request log, clear it, queue replies."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from hotseat_demo.queued import BadReply, as_reply

if TYPE_CHECKING:  # the server imports this module
    from hotseat_demo.server import DemoModel

_ABOUT = {
    "service": "hotseat demo model",
    "real": False,
    "says": "A scripted model that answers by rules. It stands in for Anthropic's API at POST /v1/messages.",
    "test_surface": ["GET /__requests", "POST /__reset", "POST /__queue"],
}


def surface(demo: "DemoModel") -> Iterable[web.RouteDef]:
    """The routes of the test surface."""

    async def about(_: web.Request) -> web.Response:
        return web.json_response(_ABOUT)

    async def requests(request: web.Request) -> web.Response:
        """With `?at_least=N`, wait up to `timeout` seconds for the N-th main request; `?main=1` lists only those."""
        try:
            at_least = int(request.query.get("at_least", 0))
            timeout = float(request.query.get("timeout", 10))
        except ValueError as error:
            return _refused(f"at_least and timeout are numbers: {error}")
        try:
            await demo.wait_until(lambda: demo.main_count >= at_least, timeout=timeout)
        except TimeoutError:
            return _refused(f"{demo.main_count} main requests within {timeout:g} s, not {at_least}", status=504)
        kept = demo.main_requests if request.query.get("main") in {"1", "true"} else demo.requests
        return web.Response(body=msgspec.json.encode({"requests": kept}), content_type="application/json")

    async def reset(_: web.Request) -> web.Response:
        demo.reset()
        return web.json_response({"reset": True})

    async def queue(request: web.Request) -> web.Response:
        try:
            given = msgspec.json.decode(await request.read())
            demo.queue(*(as_reply(reply) for reply in (given if isinstance(given, list) else [given])))
        except (msgspec.DecodeError, BadReply) as error:
            return _refused(str(error))
        return web.json_response({"queued": demo.queued})

    return [
        web.get("/", about),
        web.get("/__requests", requests),
        web.post("/__reset", reset),
        web.post("/__queue", queue),
    ]


def _refused(message: str, status: int = 400) -> web.Response:
    return web.json_response({"error": message}, status=status)
