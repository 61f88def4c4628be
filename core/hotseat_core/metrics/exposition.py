"""Puts the core's metrics together, and serves them where that is wanted."""

import contextlib
import logging
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

from hotseat_serving.loop_lag import watching_lag
from prometheus_client import CollectorRegistry, Gauge, Info, ProcessCollector

from hotseat_core.metrics.pool import PoolCollector
from hotseat_core.pool.stats import PoolStats

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def exposed(
    registry: CollectorRegistry,
    stats: Callable[[], PoolStats],
    build: Mapping[str, str],
    host: str,
    port: int | None,
    *,
    data_dir: Path,
    admits: Callable[[str], bool] = lambda _: True,
) -> AsyncIterator[str]:
    """Serve the registry with the pool's numbers and the process's; yield the URL. port None: serve nothing, no URL.

    Raises CannotServeMetricsError.
    """
    if port is None:
        yield ""
        return
    # Its import takes 0.1 s and some 15 MB, which nobody else in the core needs.
    from hotseat_core.metrics.listener import serving  # noqa: PLC0415

    registry.register(PoolCollector(stats))
    ProcessCollector(registry=registry)
    Info("hotseat_build", "What runs here.", registry=registry).info(dict(build))
    free = Gauge("hotseat_disk_free_bytes", "What the disk with the core's data has left.", registry=registry)
    free.set_function(lambda: shutil.disk_usage(data_dir).free)
    with watching_lag(registry):
        async with serving(registry, host, port, admits) as url:
            logger.info("metrics", extra={"url": f"{url}/metrics"})
            yield url
