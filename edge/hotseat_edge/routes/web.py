"""GET / and /dashboard: the pages, and the files that they load from /web/."""

from aiohttp import web

from hotseat_edge.pages import Page, load


class Web:
    """Serves the playground and the dashboard."""

    def __init__(self) -> None:
        self._pages = load()

    async def playground(self, request: web.Request) -> web.Response:
        """The page to talk on."""
        return _answer(request, self._pages["playground.html"])

    async def dashboard(self, request: web.Request) -> web.Response:
        """The operator's page."""
        return _answer(request, self._pages["dashboard.html"])

    async def file(self, request: web.Request) -> web.Response:
        """What a page loads."""
        page = self._pages.get(request.match_info["path"])
        if page is None:
            raise web.HTTPNotFound
        return _answer(request, page)


def _answer(request: web.Request, page: Page) -> web.Response:
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}
    if page.headers["ETag"] in known:
        return web.Response(status=304, headers=page.headers)
    return web.Response(body=page.body, headers=page.headers)
