"""PoolService over a real server on a unix socket, with a pool of fake workers behind it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from hotseat.v1 import pool_service_pb2 as service
from hotseat.v1 import pool_service_pb2_grpc
from hotseat_core import pool_watch
from hotseat_core.access.keyring import Keyring
from hotseat_core.access_interceptor import AccessInterceptor
from hotseat_core.errors import ConversationNotFound, WorkerStartError
from hotseat_core.interceptors import StatusInterceptor
from hotseat_core.pool.backoff import FAILURES_TO_OPEN, OPEN_S
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.pool_servicer import PoolServicer
from hotseat_core.worker.containment import Containment

from tests.core.pool.conftest import OpenPool
from tests.fakes.clock import ManualClock, settled
from tests.fakes.worker import FakeMachine

AGENT = WorkerSpec("claude-code")
EAGER = Duration(nanos=1)


class House(SimpleNamespace):
    """A served pool."""

    pool: Pool
    stub: Any  # grpcio-tools generates no types for it
    servicer: PoolServicer
    scale: dict[str, int]  # what the fake workers weigh


@pytest.fixture
async def house(open_pool: OpenPool, tmp_path: Path) -> AsyncIterator[House]:
    scale = {"bytes": 1024}
    async with open_pool(max_workers=3, revoke_timeout_s=0.5) as pool:
        servicer = PoolServicer(
            pool,
            "2.1.330",
            lambda pids: {pid: pid * scale["bytes"] for pid in pids},
            check_conversation=check_conversation,
            containment=Containment("watcher", why_no_sandbox="HOTSEAT_SANDBOX=off"),
            key_mode="proxy",
        )
        keyring = Keyring(tmp_path)  # not opened: there are no keys
        server = grpc.aio.server(interceptors=[StatusInterceptor(), AccessInterceptor(keyring)])
        pool_service_pb2_grpc.add_PoolServiceServicer_to_server(servicer, server)
        server.add_insecure_port(f"unix:{tmp_path}/core.sock")
        await server.start()
        async with grpc.aio.insecure_channel(f"unix:{tmp_path}/core.sock") as channel:
            stub = pool_service_pb2_grpc.PoolServiceStub(channel)
            yield House(pool=pool, stub=stub, servicer=servicer, scale=scale)
            await server.stop(None)
        await settled()


async def check_conversation(conversation_id: str) -> None:
    if conversation_id == "unknown":
        raise ConversationNotFound("there is no conversation unknown")


async def hot(house: House, *conversations: str) -> None:
    for conversation in conversations:
        (await house.pool.acquire(conversation, AGENT)).release(keep=True)


async def refused(call: grpc.aio.UnaryUnaryCall[Any, Any]) -> tuple[grpc.StatusCode, str]:
    """The code and the reason that a call ends with."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    status = rpc_status.from_call(caught.value)  # type: ignore[arg-type] # it has what is needed of a call
    info = error_details_pb2.ErrorInfo()
    assert status is not None
    assert status.details[0].Unpack(info)
    return caught.value.code(), info.reason


async def test_the_pool_is_read(house: House, clock: ManualClock) -> None:
    await hot(house, "a", "a")
    held = await house.pool.acquire("b", AGENT)
    pool = (await house.stub.GetPool(service.GetPoolRequest())).pool
    assert pool.state == service.Pool.STATE_ACTIVE
    assert (pool.size.max_workers, pool.size.warm_workers, pool.size.idle_timeout.seconds) == (3, 0, 600)
    assert (pool.stats.idle_workers, pool.stats.running_workers) == (1, 1)
    assert (pool.stats.hot_turn_count, pool.stats.cold_turn_count, pool.stats.worker_start_count) == (1, 2, 2)
    assert pool.start_time.seconds == 1000
    held.release(keep=True)


async def test_the_age_of_the_oldest_waiting_turn_is_shown(house: House, clock: ManualClock) -> None:
    held = [await house.pool.acquire(c, AGENT) for c in "abc"]
    waiting = asyncio.create_task(house.pool.acquire("d", AGENT))
    await settled()
    clock.advance(7.25)
    stats = (await house.stub.GetPool(service.GetPoolRequest())).pool.stats
    assert stats.queued_turns == 1
    assert stats.oldest_queue_duration == Duration(seconds=7, nanos=250_000_000)
    for lease in held:
        lease.release(keep=True)
    (await waiting).release(keep=True)


async def test_the_pool_tells_what_contains_its_workers_and_whether_they_start(
    house: House, machine: FakeMachine, clock: ManualClock
) -> None:
    pool = (await house.stub.GetPool(service.GetPoolRequest())).pool
    assert pool.containment == "watcher"
    assert (pool.sandbox.enabled, pool.sandbox.disabled_reason) == (False, "HOTSEAT_SANDBOX=off")
    assert not pool.HasField("start_retry_time")
    machine.starts_at_once = False
    for _ in range(FAILURES_TO_OPEN):
        waiting = asyncio.create_task(house.pool.acquire("c", AGENT))
        await settled()
        machine.fail(WorkerStartError("broken"))
        with pytest.raises(WorkerStartError):
            await waiting
    pool = (await house.stub.GetPool(service.GetPoolRequest())).pool
    assert pool.start_retry_time.seconds == 1000 + OPEN_S
    clock.advance(OPEN_S)
    assert not (await house.stub.GetPool(service.GetPoolRequest())).pool.HasField("start_retry_time")


async def test_workers_are_listed_in_pages_the_longest_idle_first(house: House, clock: ManualClock) -> None:
    held = await house.pool.acquire("c", AGENT)
    await hot(house, "b")
    clock.advance(5)
    await hot(house, "a")
    first = await house.stub.ListWorkers(service.ListWorkersRequest(page_size=2))
    assert [worker.conversation_id for worker in first.workers] == ["b", "a"]
    rest = await house.stub.ListWorkers(service.ListWorkersRequest(page_size=2, page_token=first.next_page_token))
    assert rest.next_page_token == ""
    (worker,) = rest.workers
    assert worker == service.Worker(
        worker_id="worker-1",
        state=service.Worker.STATE_RUNNING,
        conversation_id="c",
        pid=10_001,
        start_time=worker.start_time,
        memory_bytes=10_001 * 1024,
        cli_version="2.1.330",
        profile="claude-code",
        turn_start_time=worker.start_time,
        tenant="default",
    )
    assert first.workers[0].last_turn_time.seconds == 1000
    assert first.workers[0].turn_count == 1
    held.release(keep=True)


async def test_a_worker_s_turn_has_a_start_until_it_ends(house: House, clock: ManualClock) -> None:
    await hot(house, "a")
    clock.advance(5)
    held = await house.pool.acquire("a", AGENT)
    (running,) = (await house.stub.ListWorkers(service.ListWorkersRequest())).workers
    assert (running.start_time.seconds, running.turn_start_time.seconds) == (1000, 1005)
    held.release(keep=True)
    (idle,) = (await house.stub.ListWorkers(service.ListWorkersRequest())).workers
    assert not idle.HasField("turn_start_time")


async def test_waiting_turns_are_listed_in_pages_with_their_place_and_their_deadline(
    house: House, clock: ManualClock
) -> None:
    held = [await house.pool.acquire(c, AGENT) for c in "abc"]
    waiting = [asyncio.create_task(house.pool.acquire("d", AGENT, timeout_s=60))]
    await settled()
    clock.advance(7)
    waiting.append(asyncio.create_task(house.pool.acquire("e", WorkerSpec("claude"), timeout_s=float("inf"))))
    await settled()
    first = await house.stub.ListQueuedTurns(service.ListQueuedTurnsRequest(page_size=1))
    rest = await house.stub.ListQueuedTurns(service.ListQueuedTurnsRequest(page_token=first.next_page_token))
    assert first.queued_turns == [
        service.QueuedTurn(
            position=1,
            conversation_id="d",
            profile="claude-code",
            queue_time=Timestamp(seconds=1000),
            expire_time=Timestamp(seconds=1060),
            tenant="default",
        )
    ]
    assert rest.queued_turns == [
        service.QueuedTurn(
            position=2, conversation_id="e", profile="claude", queue_time=Timestamp(seconds=1007), tenant="default"
        )
    ]
    assert rest.next_page_token == ""
    for lease in held:
        lease.release(keep=True)
    for lease in await asyncio.gather(*waiting):
        lease.release(keep=True)
    assert (await house.stub.ListQueuedTurns(service.ListQueuedTurnsRequest())).queued_turns == []


async def test_waiting_turns_are_listed_as_they_will_be_served(house: House, clock: ManualClock) -> None:
    held = [await house.pool.acquire(c, AGENT) for c in "abc"]
    arriving = [("greedy", "d"), ("greedy", "e"), ("greedy", "f"), ("modest", "g")]
    waiting = []
    for tenant, conversation in arriving:
        waiting.append(asyncio.create_task(house.pool.acquire(conversation, AGENT, tenant=tenant)))
        await settled()
    listed = (await house.stub.ListQueuedTurns(service.ListQueuedTurnsRequest())).queued_turns
    assert [(turn.position, turn.conversation_id) for turn in listed] == [(1, "d"), (2, "g"), (3, "e"), (4, "f")]
    left = set(waiting)
    for turn in listed:
        held.pop(0).release(keep=True)
        (served,), left = await asyncio.wait(left, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        held.append(served.result())
        assert held[-1].conversation == turn.conversation_id
    for lease in held:
        lease.release(keep=True)


async def test_a_page_token_of_somebody_else_is_refused(house: House) -> None:
    call = house.stub.ListWorkers(service.ListWorkersRequest(page_token="%%"))
    assert await refused(call) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_MESSAGE")


async def test_a_conversation_is_evicted(house: House) -> None:
    await hot(house, "a")
    request = service.EvictConversationRequest(conversation_id="a")
    assert (await house.stub.EvictConversation(request)).worker_id == "worker-1"
    assert (await house.stub.EvictConversation(request)).worker_id == ""
    assert house.pool.workers() == []


async def test_a_running_conversation_is_evicted_by_force_alone(house: House) -> None:
    held = await house.pool.acquire("a", AGENT)
    request = service.EvictConversationRequest(conversation_id="a")
    assert await refused(house.stub.EvictConversation(request)) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "TURN_RUNNING",
    )
    forced = house.stub.EvictConversation(service.EvictConversationRequest(conversation_id="a", force=True))
    async with asyncio.timeout(5):
        await held.revoked.wait()
        held.release(keep=True)
        assert (await forced).worker_id == "worker-1"


async def test_an_eviction_without_a_conversation_is_refused(house: House) -> None:
    call = house.stub.EvictConversation(service.EvictConversationRequest())
    assert await refused(call) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_MESSAGE")


async def test_an_eviction_of_a_conversation_that_does_not_exist_is_refused(house: House) -> None:
    call = house.stub.EvictConversation(service.EvictConversationRequest(conversation_id="unknown"))
    assert await refused(call) == (grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND")


async def test_the_pool_is_drained_and_resumed(house: House) -> None:
    held = await house.pool.acquire("a", AGENT)
    drained = await house.stub.DrainPool(service.DrainPoolRequest())
    assert drained.pool.state == service.Pool.STATE_DRAINING
    held.release(keep=True)
    assert (await house.stub.GetPool(service.GetPoolRequest())).pool.state == service.Pool.STATE_DRAINED
    resumed = await house.stub.ResumePool(service.ResumePoolRequest())
    assert resumed.pool.state == service.Pool.STATE_ACTIVE
    await hot(house, "a")


async def test_a_drain_interrupts_after_its_grace(house: House, clock: ManualClock) -> None:
    held = await house.pool.acquire("a", AGENT)
    await house.stub.DrainPool(service.DrainPoolRequest(grace_duration=Duration(seconds=3)))
    clock.advance(2.5)
    assert not held.revoked.is_set()
    clock.advance(0.5)
    assert held.revoked.is_set()
    held.release(keep=True)


async def test_the_pool_is_resized_and_unset_fields_stay(house: House) -> None:
    resized = await house.stub.ResizePool(
        service.ResizePoolRequest(
            max_workers=5, max_queue=0, idle_timeout=Duration(nanos=500_000_000), memory_limit_bytes=2**33
        )
    )
    assert resized.pool.size == service.PoolSize(
        max_workers=5,
        warm_workers=0,
        max_queue=0,
        idle_timeout=Duration(nanos=500_000_000),
        memory_limit_bytes=2**33,
    )


@pytest.mark.parametrize(
    "request_", [service.ResizePoolRequest(max_workers=0), service.ResizePoolRequest(idle_timeout=Duration(seconds=-1))]
)
async def test_an_impossible_size_is_refused_and_changes_nothing(
    house: House, request_: service.ResizePoolRequest
) -> None:
    before = house.pool.settings
    assert await refused(house.stub.ResizePool(request_)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_MESSAGE")
    assert house.pool.settings == before


async def watched_until(watch: Any, worker_id: str, state: int) -> list[service.WatchPoolResponse]:
    """The updates up to the one in which the worker is in this state."""
    seen: list[service.WatchPoolResponse] = []
    async with asyncio.timeout(5):
        while True:
            update = await watch.read()
            seen.append(update)
            if any(worker.worker_id == worker_id and worker.state == state for worker in update.workers):
                return seen


async def test_a_watcher_sees_everything_first_and_then_what_changes(house: House) -> None:
    await hot(house, "a")
    watch = house.stub.WatchPool(service.WatchPoolRequest(min_interval=EAGER))
    first = await watch.read()
    assert first.pool.stats.idle_workers == 1
    assert [worker.conversation_id for worker in first.workers] == ["a"]
    await hot(house, "b")
    second = await watched_until(watch, "worker-2", service.Worker.STATE_IDLE)
    assert all(worker.worker_id != "worker-1" for update in second for worker in update.workers)
    await house.pool.evict("a")
    last = (await watched_until(watch, "worker-1", service.Worker.STATE_STOPPED))[-1]
    assert last.pool.stats.idle_workers == 1
    watch.cancel()


async def test_a_watcher_misses_no_last_state_between_two_updates(house: House) -> None:
    watch = house.stub.WatchPool(service.WatchPoolRequest(min_interval=Duration(nanos=50_000_000)))
    await watch.read()
    for _ in range(20):
        await hot(house, "a")
    seen = await watched_until(watch, "worker-1", service.Worker.STATE_IDLE)
    while seen[-1].workers[-1].turn_count < 20:
        seen += await watched_until(watch, "worker-1", service.Worker.STATE_IDLE)
    assert len(seen) < 5
    watch.cancel()


async def test_a_watcher_hears_of_memory_that_grows_without_anything_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_watch, "MEASURED_EVERY_S", 0.02)
    await hot(house, "a")
    watch = house.stub.WatchPool(service.WatchPoolRequest(min_interval=EAGER))
    (first,) = (await watch.read()).workers
    house.scale["bytes"] += 10  # less than a tenth: not worth a word
    house.scale["bytes"] *= 2
    async with asyncio.timeout(5):
        update = await watch.read()
    assert not update.HasField("pool")
    assert [worker.worker_id for worker in update.workers] == ["worker-1"]
    assert update.workers[0].memory_bytes == first.memory_bytes // 1024 * house.scale["bytes"]
    watch.cancel()


async def test_a_quiet_pool_sends_nothing(house: House) -> None:
    watch = house.stub.WatchPool(service.WatchPoolRequest(min_interval=EAGER))
    await watch.read()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await watch.read()


def watch_tasks() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("pool watch")]


async def test_a_watcher_that_goes_leaves_no_task(house: House) -> None:
    watch = house.stub.WatchPool(service.WatchPoolRequest(min_interval=EAGER))
    await watch.read()
    assert len(watch_tasks()) == 2
    watch.cancel()
    async with asyncio.timeout(5):
        while watch_tasks():  # noqa: ASYNC110 -- the server tells nobody when a call is over
            await asyncio.sleep(0.01)


async def test_watchers_are_sent_away_before_the_server_stops(house: House) -> None:
    watch = house.stub.WatchPool(service.WatchPoolRequest())
    await watch.read()
    house.servicer.dismiss_all()
    async with asyncio.timeout(5):
        assert await watch.read() is grpc.aio.EOF
        assert await watch.code() is grpc.StatusCode.OK


async def test_a_negative_interval_is_refused(house: House) -> None:
    watch = house.stub.WatchPool(service.WatchPoolRequest(min_interval=Duration(seconds=-1)))
    assert await refused(watch.read()) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_MESSAGE")


async def test_a_worker_that_starts_is_listed(house: House, machine: FakeMachine) -> None:
    machine.starts_at_once = False
    house.pool.resize(warm_workers=1)
    await settled()
    listed = await house.stub.ListWorkers(service.ListWorkersRequest())
    assert [(worker.state, worker.pid) for worker in listed.workers] == [(service.Worker.STATE_STARTING, 0)]
