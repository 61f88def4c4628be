"""The operator's calls: what they send, and a watch's life."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from hotseat import Client, HotseatError, pb

from tests.clients.conftest import connected
from tests.core.conftest import until
from tests.fakes.core import FakeCore, failure, serving


async def test_the_pool_its_workers_and_its_queue_are_read() -> None:
    core = FakeCore()
    core.queued = [pb.QueuedTurn(position=place, conversation_id=f"c{place}") for place in (1, 2, 3)]
    async with connected(core) as client:
        assert (await client.get_pool()).stats.idle_workers == 2
        assert [worker.worker_id for worker in (await client.list_workers()).workers] == ["w1"]
        first = await client.list_queued_turns(page_size=2)
        rest = await client.list_queued_turns(page_token=first.next_page_token)
    assert [turn.conversation_id for turn in (*first.queued_turns, *rest.queued_turns)] == ["c1", "c2", "c3"]


async def test_a_drain_says_its_grace_only_where_there_is_one() -> None:
    core = FakeCore()
    async with connected(core) as client:
        assert (await client.drain_pool()).state == pb.Pool.STATE_DRAINING
        assert (await client.resume_pool()).state == pb.Pool.STATE_ACTIVE
        await client.drain_pool(grace_s=0)
        await client.drain_pool(grace_s=1.5)
    graces = [request.grace_duration if request.HasField("grace_duration") else None for request in core.drains]
    assert graces == [None, Duration(), Duration(seconds=1, nanos=500_000_000)]


async def test_a_resize_sends_only_the_bounds_that_change() -> None:
    core = FakeCore()
    async with connected(core) as client:
        pool = await client.resize_pool(max_workers=8, max_queue=0)
        await client.resize_pool(warm_workers=2, idle_timeout_s=0)
    assert (pool.size.max_workers, pool.size.warm_workers, pool.size.max_queue) == (8, 1, 0)
    assert core.resizes == [
        pb.ResizePoolRequest(max_workers=8, max_queue=0),
        pb.ResizePoolRequest(warm_workers=2, idle_timeout=Duration()),
    ]


async def test_turns_are_listed_and_read() -> None:
    core = FakeCore()
    core.conversations["a"] = pb.Conversation(conversation_id="a")
    core.turns["a"] = [pb.Turn(turn=number, request_id=f"r{number}") for number in (1, 2, 3)]
    async with connected(core) as client:
        first = await client.list_turns("a", page_size=2)
        rest = await client.list_turns("a", page_token=first.next_page_token)
        assert [turn.turn for turn in (*first.turns, *rest.turns)] == [1, 2, 3]
        assert (await client.get_turn("a", turn=2)).request_id == "r2"
        assert (await client.get_turn("a", request_id="r3")).turn == 3
        with pytest.raises(HotseatError) as caught:
            await client.get_turn("a", turn=4)
    assert caught.value.reason == "CONVERSATION_NOT_FOUND"


async def test_a_watch_yields_everything_and_then_every_change_until_it_is_closed() -> None:
    core = FakeCore()
    async with connected(core) as client:
        async with aclosing(client.watch_pool(min_interval_s=0.25)) as watch:
            first = await anext(watch)
            assert (first.pool.size.max_workers, [worker.worker_id for worker in first.workers]) == (4, ["w1"])
            core.change(pb.Worker(worker_id="w2", state=pb.Worker.STATE_STARTING))
            assert [worker.worker_id for worker in (await anext(watch)).workers] == ["w2"]
        await until(lambda: not core.watchers)
    assert core.watch_intervals == [0.25]


async def test_a_watch_ends_when_the_core_stops() -> None:
    core = FakeCore()
    async with connected(core) as client:
        watch = client.watch_pool()
        await anext(watch)
        core.end_watches()
        assert [update async for update in watch] == []


async def test_a_watch_of_a_core_that_is_killed_raises(tmp_path: Path) -> None:
    target = f"unix:{tmp_path}/core.sock"
    async with Client(target) as client:
        async with serving(FakeCore(), target):
            watch = client.watch_pool()
            await anext(watch)
        with pytest.raises(HotseatError) as caught:
            await anext(watch)
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE


async def test_cancelling_who_watches_ends_the_watch() -> None:
    core = FakeCore()
    async with connected(core) as client:

        async def watch() -> None:
            async for _ in client.watch_pool():
                pass

        watching = asyncio.create_task(watch())
        await until(lambda: bool(core.watchers))
        watching.cancel()
        await asyncio.wait([watching])
        assert watching.cancelled()
        await until(lambda: not core.watchers)


@pytest.mark.parametrize("method", ["drain_pool", "resume_pool", "resize_pool", "list_queued_turns", "list_workers"])
async def test_a_refusal_has_its_reason(method: str) -> None:
    core = FakeCore()
    core.unary_error = failure("INVALID_MESSAGE", "not like this")
    async with connected(core) as client:
        with pytest.raises(HotseatError, match="not like this") as caught:
            await getattr(client, method)()
    assert caught.value.reason == "INVALID_MESSAGE"


async def test_a_refused_watch_has_its_reason() -> None:
    core = FakeCore()
    core.unary_error = failure("INVALID_MESSAGE", "not like this")
    async with connected(core) as client:
        with pytest.raises(HotseatError, match="not like this"):
            await anext(client.watch_pool())
