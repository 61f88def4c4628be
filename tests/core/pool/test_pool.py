"""The pool at work, on workers that are and end when the test says so."""

import asyncio
import gc
import logging

import pytest
from hotseat_core.errors import ConversationBusy, InvalidMessage, PoolDraining, PoolFull, QueueTimeout, WorkerStartError
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.stats import PoolState
from hotseat_core.pool.view import EndReason, Source, WorkerState
from hotseat_core.pool.worker_port import WorkerSpec

from tests.core.pool.conftest import OpenPool
from tests.fakes.clock import ManualClock, settled
from tests.fakes.worker import FakeMachine

AGENT, BARE = WorkerSpec("claude-code"), WorkerSpec("claude")


def shows(pool: Pool, workers: str, waiters: int = 0) -> bool:
    """Whether the pool has these workers, those named alone, and that many waiters."""
    counts = dict.fromkeys(("running", "idle", "warm", "starting", "stopping"), "0")
    for part in workers.split(", ") if workers else []:
        number, kind = part.split()
        counts[kind] = number
    text = ", ".join(f"{number} {kind}" for kind, number in counts.items())
    assert repr(pool) == f"<Pool [Workers: {text} | Waiters: {waiters}]>"
    return True


async def test_a_follow_up_goes_to_its_hot_worker(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        first = await pool.acquire("a", AGENT)
        assert shows(pool, "1 running")
        first.release(keep=True)
        assert shows(pool, "1 idle")
        second = await pool.acquire("a", AGENT)
        assert (first.source, second.source) == (Source.COLD, Source.HOT)
        assert second.worker is first.worker
        second.release(keep=True)


async def test_a_worker_that_is_not_kept_ends(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        (await pool.acquire("a", AGENT)).release(keep=False)
        assert shows(pool, "1 stopping")
        await settled()
        assert shows(pool, "")


async def test_a_spare_serves_a_new_conversation_and_is_replaced(open_pool: OpenPool) -> None:
    async with open_pool(warm_workers=1) as pool:
        assert shows(pool, "1 warm")
        lease = await pool.acquire("a", AGENT)
        assert lease.source is Source.WARM
        await settled()
        assert shows(pool, "1 running, 1 warm")
        lease.release(keep=True)


async def test_fresh_ends_the_hot_worker_before_another_serves(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.ends_at_once = False
    async with open_pool(warm_workers=1) as pool:
        first = await pool.acquire("a", AGENT)
        first.release(keep=True)
        await settled()
        again = asyncio.create_task(pool.acquire("a", AGENT, fresh=True))
        await settled()
        assert shows(pool, "1 warm, 1 stopping", waiters=1)
        machine.alive[0].may_end.set()
        lease = await again
        assert lease.worker is not first.worker
        lease.release(keep=True)


async def test_at_capacity_a_worker_is_evicted_and_gone_before_the_next_starts(
    open_pool: OpenPool, machine: FakeMachine, clock: ManualClock
) -> None:
    machine.ends_at_once = False
    async with open_pool() as pool:
        for conversation in ("a", "b"):
            (await pool.acquire(conversation, AGENT)).release(keep=True)
            clock.advance(1)
        third = asyncio.create_task(pool.acquire("c", AGENT))
        await settled()
        assert shows(pool, "1 idle, 1 stopping", waiters=1)
        assert pool.worker_of("a") is None
        assert pool.worker_of("b") == pool.workers()[1]
        machine.alive[0].may_end.set()
        (await third).release(keep=True)
        assert {row.conversation for row in pool.workers()} == {"b", "c"}
        assert pool.stats().evictions_for_room == 1
    assert machine.most_processes == 2


async def test_twenty_turns_on_four_workers_are_all_served(open_pool: OpenPool, machine: FakeMachine) -> None:
    async with open_pool(max_workers=4, warm_workers=1) as pool:

        async def one_turn(number: int) -> None:
            async with await pool.acquire(f"c{number}", AGENT):
                await settled()

        async with asyncio.TaskGroup() as turns:
            for number in range(20):
                turns.create_task(one_turn(number))
        assert shows(pool, "4 idle")
        assert sum(pool.stats().turns.values()) == 20
    assert machine.most_processes == 4


async def test_waiting_turns_are_served_in_the_order_of_their_arrival(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1) as pool:
        order: list[str] = []

        async def one_turn(conversation: str) -> None:
            async with await pool.acquire(conversation, AGENT):
                order.append(conversation)
                await settled()

        async with asyncio.TaskGroup() as turns:
            for conversation in "abcdef":
                turns.create_task(one_turn(conversation))
        assert order == list("abcdef")


async def test_the_place_in_the_queue_is_told_as_it_changes(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1) as pool:
        held = await pool.acquire("a", AGENT)
        places: list[int] = []
        waiting = [asyncio.create_task(pool.acquire(c, AGENT)) for c in "bc"]
        last = asyncio.create_task(pool.acquire("d", AGENT, on_queued=places.append))
        await settled()
        held.release(keep=True)
        for waiter in waiting:
            await settled()
            (await waiter).release(keep=True)
        (await last).release(keep=True)
        assert places == [3, 2, 1]


async def test_a_listener_that_fails_does_not_trouble_the_pool(
    open_pool: OpenPool, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(position: int) -> None:
        raise ValueError(position)

    async with open_pool(max_workers=1) as pool:
        held = await pool.acquire("a", AGENT)
        waiting = asyncio.create_task(pool.acquire("b", AGENT, on_queued=fail))
        await settled()
        assert "a queue position could not be passed on" in caplog.text
        held.release(keep=True)
        (await waiting).release(keep=True)


async def test_a_full_queue_refuses_with_a_time_to_retry(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1, max_queue=0) as pool:
        held = await pool.acquire("a", AGENT)
        with pytest.raises(PoolFull) as refused:
            await pool.acquire("b", AGENT)
        assert refused.value.retry_delay_s is not None
        assert refused.value.retry_delay_s >= 1
        assert shows(pool, "1 running")
        held.release(keep=True)


async def test_a_queue_of_no_length_still_serves_who_needs_no_place_in_it(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1, max_queue=0) as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        (await pool.acquire("b", AGENT)).release(keep=True)  # evicts a
        assert shows(pool, "1 idle")


async def test_who_waits_too_long_is_told(open_pool: OpenPool, clock: ManualClock) -> None:
    async with open_pool(max_workers=1, queue_timeout_s=3) as pool:
        held = await pool.acquire("a", AGENT)
        waiting = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        clock.advance(2)
        assert pool.stats().oldest_queue_duration_s == 2
        clock.advance(1)
        with pytest.raises(QueueTimeout, match="within 3 s"):
            await waiting
        held.release(keep=True)


async def test_the_lease_knows_how_long_its_turn_waited(open_pool: OpenPool, clock: ManualClock) -> None:
    async with open_pool(max_workers=1) as pool:
        held = await pool.acquire("a", AGENT)
        waiting = asyncio.create_task(pool.acquire("a", AGENT))
        await settled()
        clock.advance(2.5)
        held.release(keep=True)
        lease = await waiting
        assert lease.queue_duration_s == 2.5
        assert pool.stats().queue_duration_s == 2.5
        lease.release(keep=True)


async def test_idle_workers_end_after_the_timeout_and_spares_do_not(open_pool: OpenPool, clock: ManualClock) -> None:
    async with open_pool(warm_workers=1, idle_timeout_s=60) as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        await settled()
        clock.advance(59)
        await settled()
        assert shows(pool, "1 idle, 1 warm")
        clock.advance(1)
        await settled()
        assert shows(pool, "1 warm")
        clock.advance(999)
        await settled()
        assert shows(pool, "1 warm")
        assert pool.stats().evictions_idle == 1


async def test_a_failed_start_is_told_to_the_first_who_waits_for_it(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.starts_at_once = False
    async with open_pool(max_starting=1) as pool:
        turns = [asyncio.create_task(pool.acquire(c, AGENT)) for c in "ab"]
        await settled()
        machine.fail(WorkerStartError("no such file"))
        with pytest.raises(WorkerStartError, match="no such file"):
            await turns[0]
        await settled()
        assert shows(pool, "1 starting", waiters=1)
        machine.get_ready()
        (await turns[1]).release(keep=True)


async def test_an_unforeseen_failure_of_a_start_is_logged_and_told(
    open_pool: OpenPool, machine: FakeMachine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.starts_at_once = False
    async with open_pool() as pool:
        turn = asyncio.create_task(pool.acquire("a", AGENT))
        await settled()
        machine.fail(PermissionError("not executable"))
        with pytest.raises(WorkerStartError, match="not executable"):
            await turn
        assert "unforeseen" in caplog.text
        assert pool.stats().worker_start_failures == 1


async def test_spares_that_do_not_start_are_tried_less_and_less_often(
    open_pool: OpenPool, machine: FakeMachine, clock: ManualClock
) -> None:
    machine.starts_at_once = False
    async with open_pool(warm_workers=1) as pool:
        tried_at: list[float] = []
        begin = clock.now
        while clock.now < begin + 45:
            await settled()
            if machine.starts:
                tried_at.append(clock.now - begin)
                machine.fail(WorkerStartError("broken"))
                await settled()
            clock.advance(0.5)
        assert tried_at == [0, 0.5, 1.5, 3.5, 7.5, 37.5]
        with pytest.raises(WorkerStartError, match="again and again") as refused:
            await pool.acquire("a", AGENT)
        assert refused.value.retry_delay_s == pytest.approx(22.5, abs=0.5)
        assert shows(pool, "")


async def test_spares_that_start_and_die_are_tried_less_and_less_often(
    open_pool: OpenPool, machine: FakeMachine, clock: ManualClock
) -> None:
    async with open_pool(warm_workers=1):
        for _ in range(60):
            for worker in list(machine.alive):
                worker.die()
            await settled()
            clock.advance(0.5)
        assert machine.start_count == 5


async def test_a_turn_that_ends_well_makes_earlier_failures_forgotten(
    open_pool: OpenPool, machine: FakeMachine, clock: ManualClock
) -> None:
    machine.starts_at_once = False
    async with open_pool() as pool:
        for failures in (4, 4):
            for _ in range(failures):
                turn = asyncio.create_task(pool.acquire("a", AGENT, fresh=True))
                await settled()
                machine.fail(WorkerStartError("flaky"))
                with pytest.raises(WorkerStartError, match="flaky"):
                    await turn
            turn = asyncio.create_task(pool.acquire("a", AGENT))
            await settled()
            machine.get_ready()
            (await turn).release(keep=True)
            await pool.evict("a")


async def test_an_idle_worker_that_ends_by_itself_leaves_its_seat(open_pool: OpenPool, machine: FakeMachine) -> None:
    async with open_pool() as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        await settled()
        machine.alive[0].die()
        await settled()
        assert shows(pool, "")
        assert pool.stats().workers_lost == 1


async def test_a_leased_worker_that_ends_by_itself_leaves_its_seat_before_its_lease(
    open_pool: OpenPool, machine: FakeMachine
) -> None:
    async with open_pool(max_workers=1) as pool:
        lease = await pool.acquire("a", AGENT)
        await settled()
        machine.alive[0].die()
        await settled()
        assert shows(pool, "")
        same = asyncio.create_task(pool.acquire("a", AGENT))
        await settled()
        assert shows(pool, "", waiters=1), "the first turn of the conversation is not over"
        other = await pool.acquire("b", AGENT)
        other.release(keep=False)
        lease.release(keep=True)
        (await same).release(keep=True)
        assert pool.stats().workers_lost == 1


async def test_evict_returns_when_the_worker_is_gone(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.ends_at_once = False
    async with open_pool() as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        evicting = asyncio.create_task(pool.evict("a"))
        twice = asyncio.create_task(pool.evict("a"))
        await settled()
        assert not evicting.done()
        machine.alive[0].may_end.set()
        assert await evicting == await twice == "worker-1"
        assert await pool.evict("a") is None
        assert pool.stats().ends[EndReason.ADMIN] == 1


async def test_evict_refuses_while_a_turn_runs(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        async with await pool.acquire("a", AGENT):
            with pytest.raises(ConversationBusy):
                await pool.evict("a")
        assert shows(pool, "1 idle")


async def test_a_forced_eviction_asks_the_holder_and_ends_the_worker(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        lease = await pool.acquire("a", AGENT)
        evicting = asyncio.create_task(pool.evict("a", force=True))
        await asyncio.wait_for(lease.revoked.wait(), 1)
        lease.release(keep=True)
        assert await evicting == "worker-1"
        assert shows(pool, "")


async def test_after_a_forced_eviction_the_next_turn_gets_another_worker(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        lease = await pool.acquire("a", AGENT)
        next_turn = asyncio.create_task(pool.acquire("a", AGENT))
        evicting = asyncio.create_task(pool.evict("a", force=True))
        await settled()
        lease.release(keep=True)
        assert await evicting == lease.worker.id
        again = await next_turn
        assert again.worker is not lease.worker
        again.release(keep=True)


async def test_a_forced_eviction_does_not_depend_on_the_holder(open_pool: OpenPool) -> None:
    async with open_pool(revoke_timeout_s=0.01) as pool:
        lease = await pool.acquire("a", AGENT)
        assert await pool.evict("a", force=True) == "worker-1"
        assert shows(pool, "")
        lease.release(keep=True)


async def test_a_cancelled_eviction_goes_on(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.ends_at_once = False
    async with open_pool() as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        evicting = asyncio.create_task(pool.evict("a"))
        await settled()
        evicting.cancel()
        await settled()
        assert shows(pool, "1 stopping")
        machine.alive[0].may_end.set()
        await settled()
        assert shows(pool, "")


async def test_a_drain_lets_accepted_turns_end(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1, warm_workers=1) as pool:
        running = await pool.acquire("a", AGENT)
        accepted = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        pool.drain(None)
        with pytest.raises(PoolDraining):
            await pool.acquire("c", AGENT)
        draining = pool.state
        assert draining is PoolState.DRAINING
        running.release(keep=True)
        (await accepted).release(keep=True)
        assert pool.state is PoolState.DRAINED
        await settled()
        assert shows(pool, "")
        pool.resume()
        await settled()
        assert (pool.state, repr(pool)[:33]) == (PoolState.ACTIVE, "<Pool [Workers: 0 running, 0 idle")
        (await pool.acquire("c", AGENT)).release(keep=True)


async def test_after_its_grace_a_drain_revokes_leases_and_refuses_who_waits(
    open_pool: OpenPool, clock: ManualClock
) -> None:
    async with open_pool(max_workers=1) as pool:
        running = await pool.acquire("a", AGENT)
        waiting = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        pool.drain(10)
        clock.advance(9)
        assert not running.revoked.is_set()
        clock.advance(1)
        assert running.revoked.is_set()
        assert pool.draining_now.is_set()
        with pytest.raises(PoolDraining):
            await waiting
        running.release(keep=True)
        assert pool.state is PoolState.DRAINED


async def test_a_smaller_pool_ends_idle_workers_now_and_running_ones_later(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=3) as pool:
        leases = [await pool.acquire(c, AGENT) for c in "abc"]
        leases[0].release(keep=True)
        pool.resize(max_workers=1)
        await settled()
        assert shows(pool, "2 running")
        leases[1].release(keep=True)
        await settled()
        assert shows(pool, "1 running")
        leases[2].release(keep=True)
        await settled()
        assert shows(pool, "1 idle")


async def test_a_larger_pool_serves_who_waits(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1) as pool:
        first = await pool.acquire("a", AGENT)
        second = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        pool.resize(max_workers=2)
        (await second).release(keep=True)
        first.release(keep=True)


async def test_spares_follow_what_is_asked_for(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=4, warm_workers=1) as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        await settled()
        for _ in range(9):  # nobody asks for the agent any more
            (await pool.acquire("b", BARE, fresh=True)).release(keep=True)
            await settled()
        spares = [row.spec for row in pool.workers() if row.state is WorkerState.WARM]
        assert BARE in spares


async def test_releasing_twice_is_a_bug(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        lease = await pool.acquire("a", AGENT)
        lease.release(keep=True)
        with pytest.raises(RuntimeError, match="released before"):
            lease.release(keep=True)
        assert shows(pool, "1 idle")


async def test_a_turn_that_raises_does_not_keep_its_worker(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        with pytest.raises(ValueError, match="oops"):
            async with await pool.acquire("a", AGENT):
                raise ValueError("oops")
        await settled()
        assert shows(pool, "")


async def test_a_dropped_lease_is_taken_back(open_pool: OpenPool, caplog: pytest.LogCaptureFixture) -> None:
    async with open_pool() as pool:
        lease = await pool.acquire("a", AGENT)
        assert not lease.is_released
        del lease
        gc.collect()
        await settled()
        assert shows(pool, "")
        assert "dropped without release" in caplog.text


async def test_closing_refuses_who_waits_and_ends_what_runs(machine: FakeMachine) -> None:
    pool = Pool(PoolSettings(AGENT, max_workers=1, warm_workers=0), machine.start)
    lease = await pool.acquire("a", AGENT)
    waiting = asyncio.create_task(pool.acquire("b", AGENT))
    await settled()
    await pool.aclose()
    with pytest.raises(PoolDraining):
        await waiting
    with pytest.raises(PoolDraining):
        await pool.acquire("c", AGENT)
    assert lease.revoked.is_set()
    assert machine.process_count == 0
    lease.release(keep=True)
    assert pool.state is PoolState.DRAINED
    await pool.aclose()


async def test_closing_is_bounded_when_a_worker_does_not_end(
    machine: FakeMachine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.ends_at_once = False
    pool = Pool(PoolSettings(AGENT, warm_workers=2, close_timeout_s=0.01), machine.start)
    async with asyncio.timeout(5), pool:
        await settled()
    assert "workers did not end with the pool" in caplog.text
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_worker_that_does_not_end_keeps_its_seat_until_it_does(
    open_pool: OpenPool, machine: FakeMachine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.ends_at_once = False
    async with open_pool(close_timeout_s=0.001) as pool:
        (await pool.acquire("a", AGENT)).release(keep=False)
        worker = machine.alive[0]
        while worker.close_calls < 3:  # noqa: ASYNC110 -- nobody is told of a call
            await asyncio.sleep(0)
        assert shows(pool, "1 stopping")
        assert "a worker does not end" in caplog.text
        worker.may_end.set()
        await pool.evict("a")
        assert shows(pool, "")


async def test_a_change_is_noticed(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        change = asyncio.create_task(pool.wait_for_change())
        await settled()
        assert not change.done()
        lease = await pool.acquire("a", AGENT)
        await change
        lease.release(keep=True)


async def test_starting_and_ending_workers_are_listed(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.starts_at_once = machine.ends_at_once = False
    async with open_pool(warm_workers=1) as pool:
        assert [(row.id, row.state, row.pid) for row in pool.workers()] == [("starting-1", WorkerState.STARTING, None)]
        machine.get_ready()
        await settled()
        lease = await pool.acquire("a", AGENT)
        row = pool.workers()[0]
        assert (row.id, row.state, row.pid) == ("worker-1", WorkerState.RUNNING, 10_001)
        lease.release(keep=False)
        assert pool.workers()[0].state is WorkerState.STOPPING
        assert pool.workers()[0].turn_count == 1


async def test_what_the_pool_logs_names_no_conversation(open_pool: OpenPool, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with open_pool() as pool:
            (await pool.acquire("secret-name", AGENT)).release(keep=False)
    assert not [record for record in caplog.records if "secret-name" in str(record.__dict__)]


@pytest.mark.parametrize(
    "bounds", [{"max_workers": 0}, {"warm_workers": -1}, {"max_queue": -1}, {"idle_timeout_s": -1.0}]
)
async def test_impossible_bounds_are_refused(open_pool: OpenPool, bounds: dict[str, int]) -> None:
    async with open_pool() as pool:
        with pytest.raises(InvalidMessage):
            pool.resize(**bounds)
