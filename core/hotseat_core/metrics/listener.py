"""Serves metrics over HTTP, on an address of their own."""

import contextlib
from collections.abc import AsyncIterator, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from hotseat_core.metrics.failures import CannotServeMetricsError


@contextlib.asynccontextmanager
async def serving(
    registry: CollectorRegistry, host: str, port: int, admits: Callable[[str], bool]
) -> AsyncIterator[str]:
    """Answer `GET /metrics` until the context is left, and yield the URL; port 0: any free one.

    admits: whether a request with this Authorization header may read them.
    """

    async def metrics(request: web.Request) -> web.Response:
        if not admits(request.headers.get("Authorization", "")):
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"}, text="this needs a key with admin\n")
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as exc:
            raise CannotServeMetricsError(
                f"metrics can't be served on {host}:{port}: {exc.strerror}; choose with HOTSEAT_METRICS_PORT"
            ) from exc
        found_host, found_port = runner.addresses[0][:2]
        yield f"http://[{found_host}]:{found_port}" if ":" in found_host else f"http://{found_host}:{found_port}"
    finally:
        await runner.cleanup()
