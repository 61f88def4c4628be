"""The pool of a small core: a test says what is in it, and watchers hear of it."""
# ruff: noqa: N802  # the generated base class names the methods

import asyncio

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hotseat import pb
from hotseat.v1.pool_service_pb2_grpc import PoolServiceServicer

from tests.fakes.calls import Calls, Context, abort, failure, page


class FakePool(Calls, PoolServiceServicer):
    """Keeps what it was sent. `change` is how a test makes something happen."""

    def __init__(self) -> None:
        super().__init__()
        self.conversations: dict[str, pb.Conversation] = {}
        self.evicted: list[str] = []
        self.drains: list[pb.DrainPoolRequest] = []
        self.resizes: list[pb.ResizePoolRequest] = []
        self.pool_state: pb.Pool.State = pb.Pool.STATE_ACTIVE
        self.pool_size = pb.PoolSize(max_workers=4, warm_workers=1, max_queue=128, idle_timeout=Duration(seconds=600))
        self.pool_retry_time: Timestamp | None = None  # workers of some profile are not started before that
        self.pool_stats = pb.PoolStats(warm_workers=1, idle_workers=2, running_workers=1, hot_turn_count=7)
        self.workers = {"w1": pb.Worker(worker_id="w1", pid=42)}
        self.queued: list[pb.QueuedTurn] = []
        self.watchers: list[asyncio.Queue[pb.WatchPoolResponse | None]] = []
        self.watch_intervals: list[float] = []

    @property
    def pool(self) -> pb.Pool:
        return pb.Pool(
            state=self.pool_state,
            size=self.pool_size,
            stats=self.pool_stats,
            containment="watcher",
            key_mode="proxy",
            sandbox=pb.Sandbox(disabled_reason="HOTSEAT_SANDBOX=off"),
            start_retry_time=self.pool_retry_time,
        )

    def change(self, *workers: pb.Worker, state: pb.Pool.State | None = None) -> None:
        """Let workers, or the pool itself, be otherwise from now on."""
        self.pool_state = self.pool_state if state is None else state
        for worker in workers:
            if worker.state == pb.Worker.STATE_STOPPED:
                self.workers.pop(worker.worker_id, None)
            else:
                self.workers[worker.worker_id] = worker
        for watcher in self.watchers:
            watcher.put_nowait(pb.WatchPoolResponse(pool=None if state is None else self.pool, workers=workers))

    def end_watches(self) -> None:
        """End every watch well, as a core does that stops."""
        for watcher in self.watchers:
            watcher.put_nowait(None)

    async def GetPool(self, request: pb.GetPoolRequest, context: Context) -> pb.GetPoolResponse:
        await self.unary(context, "GetPool")
        return pb.GetPoolResponse(pool=self.pool)

    async def ListWorkers(self, request: pb.ListWorkersRequest, context: Context) -> pb.ListWorkersResponse:
        await self.unary(context, "ListWorkers")
        chosen, token = page(list(self.workers.values()), request)
        return pb.ListWorkersResponse(workers=chosen, next_page_token=token)

    async def ListQueuedTurns(self, request: pb.ListQueuedTurnsRequest, context: Context) -> pb.ListQueuedTurnsResponse:
        await self.unary(context, "ListQueuedTurns")
        chosen, token = page(self.queued, request)
        return pb.ListQueuedTurnsResponse(queued_turns=chosen, next_page_token=token)

    async def EvictConversation(
        self, request: pb.EvictConversationRequest, context: Context
    ) -> pb.EvictConversationResponse:
        await self.unary(context, "EvictConversation")
        conversation = self.conversations.get(request.conversation_id)
        if conversation is None:
            await abort(context, failure("CONVERSATION_NOT_FOUND", "no such conversation"))
            raise AssertionError
        if conversation.state == pb.Conversation.STATE_COLD:
            return pb.EvictConversationResponse()
        if conversation.state == pb.Conversation.STATE_RUNNING and not request.force:
            await abort(context, failure("TURN_RUNNING", "a turn runs"))
        self.evicted.append(request.conversation_id)
        return pb.EvictConversationResponse(worker_id="w1")

    async def DrainPool(self, request: pb.DrainPoolRequest, context: Context) -> pb.DrainPoolResponse:
        await self.unary(context, "DrainPool")
        self.drains.append(request)
        running = self.pool_stats.running_workers
        self.change(state=pb.Pool.STATE_DRAINING if running else pb.Pool.STATE_DRAINED)
        return pb.DrainPoolResponse(pool=self.pool)

    async def ResumePool(self, request: pb.ResumePoolRequest, context: Context) -> pb.ResumePoolResponse:
        await self.unary(context, "ResumePool")
        self.change(state=pb.Pool.STATE_ACTIVE)
        return pb.ResumePoolResponse(pool=self.pool)

    async def ResizePool(self, request: pb.ResizePoolRequest, context: Context) -> pb.ResizePoolResponse:
        await self.unary(context, "ResizePool")
        self.resizes.append(request)
        for name in ("max_workers", "warm_workers", "max_queue", "memory_limit_bytes"):
            if request.HasField(name):
                setattr(self.pool_size, name, getattr(request, name))
        if request.HasField("idle_timeout"):
            self.pool_size.idle_timeout.CopyFrom(request.idle_timeout)
        return pb.ResizePoolResponse(pool=self.pool)

    async def WatchPool(self, request: pb.WatchPoolRequest, context: Context) -> None:
        self.watch_intervals.append(request.min_interval.ToNanoseconds() / 1e9)
        if self.unary_error is not None:
            await abort(context, self.unary_error)
        changes: asyncio.Queue[pb.WatchPoolResponse | None] = asyncio.Queue()
        changes.put_nowait(pb.WatchPoolResponse(pool=self.pool, workers=self.workers.values()))
        self.watchers.append(changes)
        try:
            while (change := await changes.get()) is not None:
                await context.write(change)
        finally:
            self.watchers.remove(changes)
