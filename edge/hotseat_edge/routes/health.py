"""GET /health, /livez and /readyz."""

import asyncio
import time
from importlib.metadata import version
from typing import Any

from aiohttp import web
from hotseat import HotseatError, pb

from hotseat_edge.callers import Callers
from hotseat_edge.core_client import PROBE_TIMEOUT_S, Core
from hotseat_edge.openai.errors import ApiError

_VERSION = version("hotseat")

CORE_UNREACHABLE = "core_unreachable"
DRAINING = "draining"
DRAINED = "drained"
NO_WORKERS = "workers_do_not_start"
QUEUE_FULL = "queue_full"


class Health:
    """Tells how the edge and the pool behind it are."""

    def __init__(self, core: Core, callers: Callers, *, demo: bool) -> None:
        self._client = core.client
        self._callers = callers
        self._demo = demo
        self._started = time.monotonic()

    async def health(self, _: web.Request) -> web.Response:
        """Everything: 200 while the core answers, 503 while it does not, within a second.

        A stranger is told whether it serves, and no more.
        """
        report: dict[str, Any] = {
            "status": "degraded",
            "version": _VERSION,
            "demo": self._demo,
            "uptime_seconds": round(time.monotonic() - self._started, 3),
            "core": "unreachable",
            "pool": None,
        }
        pool, caller = await self._seen()
        if pool is not None and caller is None:
            problems = troubles(pool)
            short = {"status": "degraded" if problems else "ok", "core": "ok", "auth": "keys", "problems": problems}
            return web.json_response(short)
        report["problems"] = problems = troubles(pool)
        if pool is not None and caller is not None:
            report["status"] = "degraded" if problems else "ok"
            report |= {"core": "ok", "auth": _mode(caller), "pool": describe(pool)}
        return web.json_response(report, status=503 if pool is None else 200)

    async def live(self, _: web.Request) -> web.Response:
        """200 while this process serves."""
        return web.json_response({"status": "ok"})

    async def ready(self, _: web.Request) -> web.Response:
        """200 while sending requests here is of use; 503 and the reasons while it is not.

        A full queue is none: its 429 tells clients when to come back, which a load balancer without servers can't.
        """
        problems = [problem for problem in troubles(await self._pool()) if problem != QUEUE_FULL]
        if problems:
            return web.json_response({"status": "unavailable", "problems": problems}, status=503)
        return web.json_response({"status": "ok"})

    async def _seen(self) -> tuple[pb.Pool | None, pb.GetCallerResponse | None]:
        """The pool, and who asks for it; a core that tells only one of them in time does not answer."""
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                pool = await self._pool()
                return pool, await self._caller() if pool is not None else None
        except TimeoutError:
            return None, None

    async def _caller(self) -> pb.GetCallerResponse | None:
        """Who asks; None: a stranger."""
        try:
            return await self._callers.caller(fresh=True)
        except ApiError:
            return None

    async def _pool(self) -> pb.Pool | None:
        try:
            return await self._client.get_pool(timeout_s=PROBE_TIMEOUT_S)
        except HotseatError:  # whatever the core's trouble is, the answer to the probe is the same
            return None


def _mode(caller: pb.GetCallerResponse) -> str:
    return pb.AuthMode.Name(caller.auth_mode).removeprefix("AUTH_MODE_").lower()


def troubles(pool: pb.Pool | None) -> list[str]:
    """What keeps the pool from doing all that it should; None: the core does not answer."""
    if pool is None:
        return [CORE_UNREACHABLE]
    stats = pool.stats
    found = {
        DRAINING: pool.state == pb.Pool.STATE_DRAINING,
        DRAINED: pool.state == pb.Pool.STATE_DRAINED,
        # While there are some, they serve on.
        NO_WORKERS: pool.HasField("start_retry_time")
        and not stats.warm_workers + stats.idle_workers + stats.running_workers,
        QUEUE_FULL: 0 < pool.size.max_queue <= stats.queued_turns,
    }
    return [problem for problem, is_so in found.items() if is_so]


def describe(pool: pb.Pool) -> dict[str, Any]:
    """The pool in JSON."""
    size, stats = pool.size, pool.stats
    return {
        "state": pb.Pool.State.Name(pool.state).removeprefix("STATE_").lower(),
        "containment": pool.containment,
        "sandbox": _sandbox(pool.sandbox),
        "key_mode": pool.key_mode,
        "starts_workers": not pool.HasField("start_retry_time"),
        "max_workers": size.max_workers,
        "warm_workers": size.warm_workers,
        "max_queue": size.max_queue,
        "idle_timeout_seconds": size.idle_timeout.ToMilliseconds() / 1000,
        "workers": {
            "starting": stats.starting_workers,
            "warm": stats.warm_workers,
            "idle": stats.idle_workers,
            "running": stats.running_workers,
            "stopping": stats.stopping_workers,
        },
        "queued_turns": stats.queued_turns,
        "oldest_queue_seconds": stats.oldest_queue_duration.ToMilliseconds() / 1000,
        "turns": {"hot": stats.hot_turn_count, "warm": stats.warm_turn_count, "cold": stats.cold_turn_count},
        "cancelled_turns": stats.cancelled_turn_count,
        "refused_turns": stats.refused_turn_count,
        "worker_starts": stats.worker_start_count,
        "worker_start_failures": stats.worker_start_failure_count,
        "workers_lost": stats.worker_lost_count,
        "lru_evictions": stats.lru_eviction_count,
        "idle_evictions": stats.idle_eviction_count,
    }


def _sandbox(sandbox: pb.Sandbox) -> dict[str, Any]:
    """What workers see of the machine."""
    if sandbox.enabled:
        return {"enabled": True, "network": sandbox.network}
    return {"enabled": False, "reason": sandbox.disabled_reason}
