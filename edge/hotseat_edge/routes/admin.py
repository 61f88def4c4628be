"""/admin/pool: the pool seen, watched and steered, for the dashboard. The core decides who may."""

import asyncio
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from aiohttp import web
from hotseat import HotseatError, pb

from hotseat_edge.core_client import Core, as_problems, problem
from hotseat_edge.metrics import Metrics
from hotseat_edge.openai.errors import ApiError, invalid
from hotseat_edge.openai.stream import error_event
from hotseat_edge.pool_told import told
from hotseat_edge.routes.body import read_json
from hotseat_edge.routes.own_pages import check_origin, check_steering
from hotseat_edge.settings import Settings
from hotseat_edge.sse import EventStream

_INTERVAL_S = 0.5
_SHOWN = 1000  # workers, and turns that wait, in one answer
_Count = Annotated[int, msgspec.Meta(ge=0, le=100_000)]


class _Drain(msgspec.Struct, forbid_unknown_fields=True):
    grace_seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] | None = None


class _Resize(msgspec.Struct, forbid_unknown_fields=True):
    max_workers: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    warm_workers: _Count | None = None
    max_queue: _Count | None = None


class Admin:
    """Shows the pool to its operators, and lets them steer it."""

    def __init__(self, core: Core, settings: Settings, metrics: Metrics) -> None:
        self._client = core.client
        self._settings = settings
        self._metrics = metrics
        self._watches: set[asyncio.Task[Any]] = set()

    async def pool(self, request: web.Request) -> web.Response:
        """Everything there is now: the pool, its workers, who waits."""
        check_origin(request)
        with as_problems():
            pool = await self._client.get_pool()
            workers = await self._client.list_workers(page_size=_SHOWN)
            around = await self._around(pool)
        shown = {"pool": told(pool), "workers": [told(worker) for worker in workers.workers]}
        return web.json_response(shown | around)

    async def watch(self, request: web.Request) -> web.StreamResponse:
        """The same as server-sent events: everything first, then what has changed."""
        check_origin(request)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 -- a handler runs in one
        self._watches.add(task)
        try:
            return await self._watch(request)
        finally:
            self._watches.discard(task)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        settings = self._settings
        stream = EventStream(request, keep_alive_s=settings.keep_alive_s, stall_s=settings.stall_s)
        seen = 0
        async with stream, aclosing(self._client.watch_pool(min_interval_s=_INTERVAL_S)) as updates:
            try:
                async for update in updates:
                    seen, data = await self._event(update, seen)
                    await stream.send(data)
            except HotseatError as error:
                if not stream.started:
                    raise problem(error) from error
                await stream.send(error_event(problem(error)))
            if not stream.started:
                raise ApiError("The core ended before it said anything.", status=503, code="core_unavailable")
            await stream.finish()
        return stream.response

    async def _event(self, update: pb.WatchPoolResponse, seen: int) -> tuple[int, bytes]:
        event: dict[str, Any] = {"pool": None, "workers": [told(worker) for worker in update.workers]}
        if update.HasField("pool"):
            event |= {"pool": told(update.pool)} | await self._around(update.pool)
        seen, event["first_tokens"] = self._metrics.recent.since(seen)
        return seen, b"data: " + msgspec.json.encode(event) + b"\n\n"

    async def _around(self, pool: pb.Pool) -> dict[str, Any]:
        return {"queued_turns": await self._queue(pool), "models": self._metrics.spent.told()}

    async def _queue(self, pool: pb.Pool) -> list[dict[str, Any]]:
        if not pool.stats.queued_turns:
            return []
        page = await self._client.list_queued_turns(page_size=_SHOWN)
        return [told(turn) for turn in page.queued_turns]

    async def drain(self, request: web.Request) -> web.Response:
        """Take no new turns; those that run may end, or are interrupted after `grace_seconds`."""
        given = await self._given(request, _Drain)
        return await _pool(self._client.drain_pool(grace_s=given.grace_seconds))

    async def resume(self, request: web.Request) -> web.Response:
        """Take turns again."""
        check_steering(request)
        return await _pool(self._client.resume_pool())

    async def resize(self, request: web.Request) -> web.Response:
        """Have other bounds: `max_workers`, `warm_workers`, `max_queue`; what is not given stays."""
        given = await self._given(request, _Resize)
        return await _pool(self._client.resize_pool(**msgspec.structs.asdict(given)))

    async def _given(self, request: web.Request, kind: type[Any]) -> Any:
        check_steering(request)
        body = await read_json(request, self._settings.body_timeout_s)
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            raise invalid("body", str(error)) from error

    async def end_watches(self, _: web.Application) -> None:
        """End them all, so that a server that stops need not wait for a page that somebody left open."""
        for task in self._watches:
            task.cancel()


async def _pool(call: Any) -> web.Response:
    with as_problems():
        return web.json_response({"pool": told(await call)})
