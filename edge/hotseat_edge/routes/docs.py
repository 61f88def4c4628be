"""GET /openapi.json, and /docs, which shows it."""

from collections.abc import Iterator
from importlib.resources import files

from aiohttp import web

from hotseat_edge.openapi.document import Route, document

_PAGE = files("hotseat_edge.openapi") / "page"
_KINDS = {"docs.html": "text/html", "docs.js": "text/javascript", "docs.css": "text/css"}
# The page needs nothing from elsewhere, and nothing in it may be made to run what the document says.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Docs:
    """Tells machines and people what the server takes."""

    def __init__(self) -> None:
        self._document: bytes | None = None  # made when it is first asked for
        self._files = {name: (_PAGE / name).read_bytes() for name in _KINDS}

    async def document(self, request: web.Request) -> web.Response:
        """Describe every route, in OpenAPI 3.1."""
        if self._document is None:
            self._document = document(_routes(request.app))
        return web.Response(body=self._document, content_type="application/json")

    async def page(self, _: web.Request) -> web.Response:
        """Show the same to people."""
        return self._file("docs.html")

    async def part(self, request: web.Request) -> web.Response:
        """Give a part of that page."""
        name = request.match_info["name"]
        if name not in self._files:
            raise web.HTTPNotFound
        return self._file(name)

    def _file(self, name: str) -> web.Response:
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
        return web.Response(body=self._files[name], content_type=_KINDS[name], charset="utf-8", headers=headers)


def _routes(app: web.Application) -> Iterator[Route]:
    for route in app.router.routes():
        if route.method != "HEAD" and route.resource is not None:
            summary = (route.handler.__doc__ or "").strip().partition("\n")[0]
            yield Route(route.method.lower(), route.resource.canonical, summary)
