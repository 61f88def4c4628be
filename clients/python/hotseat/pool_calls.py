"""The operator's calls: see the pool, steer it, watch it."""

from collections.abc import AsyncGenerator

import grpc.aio
from google.protobuf.duration_pb2 import Duration

from hotseat import pb
from hotseat.errors import HotseatError
from hotseat.unary import call
from hotseat.v1.pool_service_pb2_grpc import PoolServiceStub


class PoolCalls:
    """What PoolService offers, over a channel that somebody else owns. Every method raises HotseatError."""

    def __init__(self, channel: grpc.aio.Channel, call_timeout_s: float) -> None:
        self._pool = PoolServiceStub(channel)
        self._pool_timeout_s = call_timeout_s

    async def get_pool(self, *, timeout_s: float | None = None) -> pb.Pool:
        """The pool's state, size and counters."""
        timeout_s = timeout_s or self._pool_timeout_s
        response: pb.GetPoolResponse = await call(self._pool.GetPool, pb.GetPoolRequest(), timeout_s)
        return response.pool

    async def list_workers(self, *, page_size: int = 0, page_token: str = "") -> pb.ListWorkersResponse:
        """One page of workers, the longest idle first."""
        request = pb.ListWorkersRequest(page_size=page_size, page_token=page_token)
        response: pb.ListWorkersResponse = await call(self._pool.ListWorkers, request, self._pool_timeout_s)
        return response

    async def list_queued_turns(self, *, page_size: int = 0, page_token: str = "") -> pb.ListQueuedTurnsResponse:
        """One page of the turns that wait for a worker, next first."""
        request = pb.ListQueuedTurnsRequest(page_size=page_size, page_token=page_token)
        response: pb.ListQueuedTurnsResponse = await call(self._pool.ListQueuedTurns, request, self._pool_timeout_s)
        return response

    async def evict_conversation(self, conversation_id: str, *, force: bool = False) -> str:
        """Take a conversation off its worker and return the worker's id; "" if it was cold already."""
        request = pb.EvictConversationRequest(conversation_id=conversation_id, force=force)
        response: pb.EvictConversationResponse = await call(self._pool.EvictConversation, request, self._pool_timeout_s)
        return response.worker_id

    async def drain_pool(self, *, grace_s: float | None = None) -> pb.Pool:
        """Let the pool take no new turns, and return it at once; watch_pool tells when it is DRAINED.

        Turns that still run after `grace_s` are interrupted; None: they run to their end.
        """
        request = pb.DrainPoolRequest(grace_duration=None if grace_s is None else _duration(grace_s))
        response: pb.DrainPoolResponse = await call(self._pool.DrainPool, request, self._pool_timeout_s)
        return response.pool

    async def resume_pool(self) -> pb.Pool:
        """Let a drained pool take turns again."""
        response: pb.ResumePoolResponse = await call(
            self._pool.ResumePool, pb.ResumePoolRequest(), self._pool_timeout_s
        )
        return response.pool

    async def resize_pool(
        self,
        *,
        max_workers: int | None = None,
        warm_workers: int | None = None,
        max_queue: int | None = None,
        idle_timeout_s: float | None = None,
        memory_limit_bytes: int | None = None,
    ) -> pb.Pool:
        """Change the pool's bounds; None keeps one. Workers that are too many end when they have nothing to do."""
        request = pb.ResizePoolRequest(
            max_workers=max_workers,
            warm_workers=warm_workers,
            max_queue=max_queue,
            idle_timeout=None if idle_timeout_s is None else _duration(idle_timeout_s),
            memory_limit_bytes=memory_limit_bytes,
        )
        response: pb.ResizePoolResponse = await call(self._pool.ResizePool, request, self._pool_timeout_s)
        return response.pool

    async def watch_pool(self, *, min_interval_s: float = 1.0) -> AsyncGenerator[pb.WatchPoolResponse, None]:
        """The pool and every worker, then what changes; it ends when the core stops.

        Close the generator (`contextlib.aclosing`) to stop watching before that.
        """
        watching = self._pool.WatchPool(pb.WatchPoolRequest(min_interval=_duration(min_interval_s)))
        try:
            while (update := await watching.read()) is not grpc.aio.EOF:
                yield update
        except grpc.aio.AioRpcError as error:
            raise HotseatError.from_rpc(error) from error
        finally:
            watching.cancel()


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration
