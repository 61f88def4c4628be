"""The policy by examples: each row is a situation, the time, and everything that is to be done."""

import pytest
from hotseat_core.pool.backoff import Backoff
from hotseat_core.pool.policy import plan
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.view import (
    Action,
    Assign,
    End,
    EndReason,
    PoolView,
    Queued,
    Refusal,
    Refuse,
    Revoke,
    Source,
    Start,
    StartReason,
    WaiterView,
    Wake,
    WorkerState,
    WorkerView,
)
from hotseat_core.pool.worker_port import WorkerSpec
from msgspec.structs import replace

AGENT, BARE, PLACED = WorkerSpec("claude-code"), WorkerSpec("claude"), WorkerSpec("claude-code", cwd="/srv/project")
SIZE = PoolSettings(AGENT, max_workers=2, warm_workers=0, max_queue=1, idle_timeout_s=0, max_starting=2)


def warm(seat: int, spec: WorkerSpec = AGENT, *, since: float = 0, ready_order: int = 0) -> WorkerView:
    return WorkerView(seat, spec, WorkerState.WARM, since, ready_order=ready_order)


def idle(seat: int, held: str, spec: WorkerSpec = AGENT, *, since: float = 0, transient: bool = False) -> WorkerView:
    return WorkerView(seat, spec, WorkerState.IDLE, since, held, transient=transient)


def sized(worker: WorkerView, memory_bytes: int) -> WorkerView:
    return replace(worker, memory_bytes=memory_bytes)


def running(seat: int, held: str) -> WorkerView:
    return WorkerView(seat, AGENT, WorkerState.RUNNING, conversation=held)


def starting(seat: int, spec: WorkerSpec = AGENT) -> WorkerView:
    return WorkerView(seat, spec, WorkerState.STARTING)


def stopping(seat: int, held: str | None = None) -> WorkerView:
    return WorkerView(seat, AGENT, WorkerState.STOPPING, conversation=held)


def turn(order: int, asks: str, spec: WorkerSpec = AGENT, *, fresh: bool = False, since: float = 0) -> WaiterView:
    return WaiterView(order, asks, spec, since, fresh=fresh)


def pool(*parts: WorkerView | WaiterView, settings: PoolSettings = SIZE) -> PoolView:
    workers = tuple(part for part in parts if isinstance(part, WorkerView))
    waiters = tuple(part for part in parts if isinstance(part, WaiterView))
    return PoolView(settings, workers, waiters, recent=(AGENT,))


SERVING: dict[str, tuple[PoolView, list[Action]]] = {
    "nothing to do": (pool(idle(1, "a"), running(2, "b")), []),
    "its own hot worker before a spare": (
        pool(warm(1), idle(2, "a"), turn(11, "a")),
        [Assign(11, 2, Source.HOT), Wake(30)],  # then the spare is one too many: these rows are about a pool without
    ),
    "a spare before a start": (pool(warm(1), turn(11, "a")), [Assign(11, 1, Source.WARM)]),
    "a worker that got ready after the turn asked counts as cold": (
        pool(warm(1, ready_order=12), turn(11, "a")),
        [Assign(11, 1, Source.COLD)],
    ),
    "the spare that is ready longest": (
        pool(warm(1, since=5), warm(2, since=3), turn(11, "a")),
        [Assign(11, 2, Source.WARM), Wake(35)],
    ),
    "a start where there is room": (pool(idle(1, "b"), turn(11, "a")), [Start(AGENT)]),
    "no second start for a turn whose worker starts": (pool(starting(1), turn(11, "a")), []),
    "a start of another spec does not serve": (pool(starting(1, BARE), turn(11, "a")), [Start(AGENT)]),
    "a spare of another spec does not serve": (pool(warm(1, BARE), turn(11, "a")), [Start(AGENT), Wake(30)]),
    "a spare does not serve who must run in a directory": (
        pool(warm(1), turn(11, "a", PLACED)),
        [Start(PLACED), Wake(30)],
    ),
    "at capacity the least recently used is evicted": (
        pool(idle(1, "b", since=7), idle(2, "c", since=3), turn(11, "a")),
        [End(2, EndReason.LRU)],
    ),
    "a likely one-shot is evicted before the least recently used": (
        pool(idle(1, "b", since=3), idle(2, "c", since=7, transient=True), turn(11, "a")),
        [End(2, EndReason.TRANSIENT)],
    ),
    "a spare of another spec is evicted before a hot worker": (
        pool(idle(1, "b"), warm(2, BARE, since=9), turn(11, "a")),
        [End(2, EndReason.OTHER_SPARE)],
    ),
    "a spare that somebody waits for outlives a hot worker": (
        pool(idle(1, "x"), warm(2, BARE), turn(11, "a"), turn(12, "b", BARE)),
        [End(1, EndReason.LRU), Assign(12, 2, Source.WARM)],
    ),
    "nothing is started before an evicted worker is gone": (pool(stopping(1, "b"), running(2, "c"), turn(11, "a")), []),
    "one eviction a turn": (
        pool(idle(1, "b"), stopping(2, "c"), turn(11, "a")),
        [],
    ),
    "with every worker running it queues": (pool(running(1, "b"), running(2, "c"), turn(11, "a")), [Queued(11, 1)]),
    "a full queue refuses who comes, not who waits": (
        pool(running(1, "b"), running(2, "c"), replace(turn(11, "a"), accepted=True, position=1), turn(12, "d")),
        [Refuse(12, Refusal.FULL)],
    ),
    "a queue that was made shorter keeps whom it has accepted": (
        pool(
            *(running(1, "b"), running(2, "c")),
            *(replace(turn(order, f"w{order}"), accepted=True, position=order) for order in (1, 2, 3)),
        ),
        [],
    ),
    "a turn whose worker starts does not take a place in the queue": (
        pool(starting(1), starting(2), turn(11, "a"), turn(12, "b"), turn(13, "c")),
        [Queued(13, 1)],
    ),
    "hot turns pass": (
        pool(idle(1, "b"), running(2, "c"), turn(11, "a"), turn(12, "b")),
        [Assign(12, 1, Source.HOT), Queued(11, 1)],
    ),
    "a turn never passes another of its conversation": (
        pool(idle(1, "a"), running(2, "c"), turn(11, "a", fresh=True), turn(12, "a")),
        [End(1, EndReason.REPLACED), Queued(12, 1)],
    ),
    "the second turn of a conversation waits for the first": (
        pool(idle(1, "a"), turn(11, "a"), turn(12, "a")),
        [Assign(11, 1, Source.HOT), Queued(12, 1)],
    ),
    "a turn of a running conversation asks for no other worker": (
        pool(running(1, "a"), turn(11, "a"), turn(12, "b")),
        [Start(AGENT), Queued(11, 1)],
    ),
    "fresh: the own worker is ended, and a spare is kept until it is gone": (
        pool(idle(1, "a"), warm(2), turn(11, "a", fresh=True), turn(12, "b")),
        [End(1, EndReason.REPLACED)],
    ),
    "another spec: the own worker is ended": (
        pool(idle(1, "a"), turn(11, "a", BARE)),
        [End(1, EndReason.REPLACED), Start(BARE)],
    ),
    "no second worker while the first of a conversation ends": (
        pool(stopping(1, "a"), warm(2), turn(11, "a")),
        [],
    ),
    "who evicts for a turn passes over workers that a turn waits for": (
        pool(
            *(idle(1, "b"), idle(2, "c"), idle(3, "d", since=9)),
            *(turn(11, "a", since=-5), turn(12, "b"), turn(13, "c")),
            settings=replace(SIZE, max_workers=3),
        ),
        [End(3, EndReason.LRU), Assign(12, 1, Source.HOT), Assign(13, 2, Source.HOT)],
    ),
    "nobody passes who has waited long enough": (
        pool(idle(1, "b"), running(2, "c"), turn(11, "a", since=-5), turn(12, "b")),
        [End(1, EndReason.LRU), Queued(12, 1)],
    ),
    "no more starts at a time than allowed": (
        pool(
            *(starting(1), starting(2), turn(11, "a"), turn(12, "b"), turn(13, "c")),
            settings=replace(SIZE, max_workers=4),
        ),
        [],
    ),
    "a place in the queue is told again only when it changes": (
        pool(running(1, "b"), running(2, "c"), replace(turn(11, "a"), position=2, accepted=True)),
        [Queued(11, 1)],
    ),
    "a deadline that has come": (
        pool(running(1, "b"), running(2, "c"), replace(turn(11, "a"), deadline=0)),
        [Refuse(11, Refusal.TIMEOUT)],
    ),
    "a worker that is free at the deadline is given all the same": (
        pool(warm(1), replace(turn(11, "a"), deadline=0)),
        [Assign(11, 1, Source.WARM)],
    ),
    "a deadline to come is when to look again": (
        pool(running(1, "b"), running(2, "c"), replace(turn(11, "a"), deadline=8)),
        [Queued(11, 1), Wake(8)],
    ),
    "a conversation whose holder has not let go of a lost worker waits": (
        replace(pool(warm(1), turn(11, "a")), held=frozenset({("", "a")})),
        [Queued(11, 1), Wake(30)],
    ),
}


@pytest.mark.parametrize(("view", "expected"), SERVING.values(), ids=SERVING.keys())
def test_a_turn_gets_the_cheapest_worker(view: PoolView, expected: list[Action]) -> None:
    assert plan(view, now=0) == expected


SPARE_START = Start(AGENT, StartReason.SPARE)
ROOMY = replace(SIZE, max_workers=4, warm_workers=1)
OPEN = Backoff(failures=(-1.0,) * 5, spare_at=20, open_until=20)

KEEPING_HOUSE: dict[str, tuple[PoolView, list[Action]]] = {
    "a missing spare is started": (pool(settings=ROOMY), [SPARE_START]),
    "one that starts is enough": (pool(starting(1), settings=ROOMY), []),
    "one that a turn waits for is not a spare": (pool(starting(1), turn(11, "a"), settings=ROOMY), [SPARE_START]),
    "a spare that is taken is replaced": (
        pool(warm(1), turn(11, "a"), settings=ROOMY),
        [Assign(11, 1, Source.WARM), SPARE_START],
    ),
    "turns have the last seat before spares": (
        pool(running(1, "b"), turn(11, "a"), settings=replace(SIZE, warm_workers=1)),
        [Start(AGENT)],
    ),
    "a worker that was used just now is not ended for a spare": (
        pool(idle(1, "a", since=-9), idle(2, "b"), settings=replace(SIZE, warm_workers=1)),
        [Wake(1)],
    ),
    "one that has idled for a while is": (
        pool(idle(1, "a", since=-10), idle(2, "b", since=-9), settings=replace(SIZE, warm_workers=1)),
        [End(1, EndReason.SPARE_ROOM)],
    ),
    "but never the one that was used last": (
        pool(idle(1, "a", since=-99), running(2, "b"), settings=replace(SIZE, warm_workers=1)),
        [],
    ),
    "a likely one-shot is ended for a spare": (
        pool(idle(1, "a", since=1, transient=True), idle(2, "b", since=2), settings=replace(SIZE, warm_workers=1)),
        [End(1, EndReason.SPARE_ROOM)],
    ),
    "but not if it was used last: its client may be about to go on": (
        pool(idle(1, "a", transient=True), idle(2, "b", since=-1), settings=replace(SIZE, warm_workers=1)),
        [Wake(9)],
    ),
    "for a while": (
        pool(idle(1, "a", since=-10, transient=True), running(2, "b"), settings=replace(SIZE, warm_workers=1)),
        [End(1, EndReason.SPARE_ROOM)],
    ),
    "who ends will make the room": (
        pool(stopping(1), idle(2, "b", transient=True), settings=replace(SIZE, warm_workers=1)),
        [],
    ),
    "a spare too many goes after a while": (
        pool(warm(1, since=-30), warm(2, since=-29), settings=ROOMY),
        [Wake(1)],
    ),
    "the surplus ages, not the spare": (
        pool(warm(1, since=-90), warm(2, since=-30), settings=ROOMY),
        [End(2, EndReason.SURPLUS_SPARE)],
    ),
    "a spare does not idle out": (pool(warm(1, since=-999), settings=replace(ROOMY, idle_timeout_s=5)), []),
    "a spare waits for its back-off": (
        replace(pool(settings=ROOMY), backoffs={AGENT: Backoff((-1.0,), spare_at=3, open_until=-1)}),
        [Wake(3)],
    ),
    "a turn does not wait for the back-off of spares": (
        replace(pool(turn(11, "a")), backoffs={AGENT: Backoff((-1.0,), spare_at=3, open_until=-1)}),
        [Start(AGENT)],
    ),
    "after too many failures a turn fails fast": (
        replace(pool(turn(11, "a"), idle(1, "b"), idle(2, "c")), backoffs={AGENT: OPEN}),
        [Refuse(11, Refusal.START_FAILING, 20)],
    ),
    "failures of one spec do not stop another": (
        replace(pool(turn(11, "a", BARE)), backoffs={AGENT: OPEN}),
        [Start(BARE)],
    ),
    "a failing spec still serves from what there is": (
        replace(pool(warm(1), turn(11, "a")), backoffs={AGENT: OPEN}),
        [Assign(11, 1, Source.WARM)],
    ),
    "an idle worker ends after the timeout": (
        pool(idle(1, "a", since=-5), idle(2, "b", since=-2), settings=replace(SIZE, idle_timeout_s=5)),
        [End(1, EndReason.IDLE), Wake(3)],
    ),
    "a turn saves its worker from the timeout": (
        pool(idle(1, "a", since=-5), turn(11, "a"), settings=replace(SIZE, idle_timeout_s=5)),
        [Assign(11, 1, Source.HOT)],
    ),
    "a smaller pool ends idle workers": (
        pool(running(1, "a"), idle(2, "b", since=1), idle(3, "c", since=2), settings=SIZE),
        [End(2, EndReason.RESIZE)],
    ),
    "but never a running turn": (pool(running(1, "a"), running(2, "b"), running(3, "c")), []),
    "a drain ends spares and idle workers": (
        replace(pool(warm(1), idle(2, "a"), running(3, "b"), settings=ROOMY), draining=True),
        [End(1, EndReason.DRAIN), End(2, EndReason.DRAIN)],
    ),
    "a drain lets accepted turns run": (
        replace(pool(idle(1, "a"), turn(11, "a"), turn(12, "b")), draining=True, drain_at=9),
        [Assign(11, 1, Source.HOT), Start(AGENT), Wake(9)],
    ),
    "after its grace, leases are revoked and waiting turns refused": (
        replace(
            pool(running(1, "a"), replace(running(2, "b"), revoked=True), turn(11, "c")), draining=True, drain_at=0
        ),
        [Refuse(11, Refusal.DRAINING), Revoke(1)],
    ),
}


@pytest.mark.parametrize(("view", "expected"), KEEPING_HOUSE.values(), ids=KEEPING_HOUSE.keys())
def test_the_house_is_kept(view: PoolView, expected: list[Action]) -> None:
    assert plan(view, now=0) == expected


def of(tenant: str, waiter: WaiterView, number: float = 0.0) -> WaiterView:
    return replace(waiter, tenant=tenant, number=number, accepted=True)


BETWEEN_TENANTS: dict[str, tuple[PoolView, list[Action]]] = {
    "the smaller number is served, not who came first": (
        pool(warm(1), running(2, "x"), of("t", turn(11, "a"), 3), of("u", turn(12, "b"), 1)),
        [Assign(12, 1, Source.WARM), Queued(11, 1)],
    ),
    "a worker of another tenant's conversation of the same name is not its own": (
        pool(replace(idle(1, "a"), tenant="t"), running(2, "x"), of("u", turn(11, "a"))),
        [End(1, EndReason.LRU)],
    ),
    "both tenants' conversations of one name run at once": (
        pool(replace(running(1, "a"), tenant="t"), warm(2), of("u", turn(11, "a"))),
        [Assign(11, 2, Source.WARM)],
    ),
    "a full queue has a place for a tenant that has none in it": (
        pool(running(1, "x"), running(2, "y"), of("t", turn(11, "a"), 1), replace(turn(12, "b"), tenant="u", number=2)),
        [Queued(11, 1), Queued(12, 2)],
    ),
    "but not for one that has its share": (
        pool(
            *(running(1, "x"), running(2, "y"), of("t", turn(11, "a"), 1), of("u", turn(12, "b"), 1)),
            replace(turn(13, "c"), tenant="u", number=2),
        ),
        [Refuse(13, Refusal.FULL), Queued(11, 1), Queued(12, 2)],
    ),
}


@pytest.mark.parametrize(("view", "expected"), BETWEEN_TENANTS.values(), ids=BETWEEN_TENANTS.keys())
def test_tenants_take_turns(view: PoolView, expected: list[Action]) -> None:
    assert plan(view, now=0) == expected


def long(worker: WorkerView, message_count: int) -> WorkerView:
    return replace(worker, message_count=message_count)


@pytest.mark.parametrize(
    ("workers", "evicted"),
    [
        ((long(idle(1, "a", since=-9), 50), long(idle(2, "b", since=-8), 50)), 1),  # equal costs: least recently used
        ((long(idle(1, "a", since=-9), 50), long(idle(2, "b", since=-8), 0)), 2),  # what is cheap to restore
        ((long(idle(1, "a", since=-90), 50), long(idle(2, "b", since=-8), 0)), 1),  # but not for ever
    ],
)
def test_of_idle_workers_the_one_goes_that_idled_longest_for_its_cost(
    workers: tuple[WorkerView, WorkerView], evicted: int
) -> None:
    assert plan(pool(*workers, turn(11, "x")), now=0) == [End(evicted, EndReason.LRU)]


LIMITED = replace(SIZE, max_workers=4, memory_limit_bytes=400)


def little(*parts: WorkerView | WaiterView, warm_workers: int = 0) -> PoolView:
    settings = replace(LIMITED, warm_workers=warm_workers)
    return replace(pool(*parts, settings=settings), typical_bytes=100)


SHORT_OF_MEMORY: dict[str, tuple[PoolView, list[Action]]] = {
    "within the limit nothing is ended": (little(sized(idle(1, "a"), 200), sized(idle(2, "b"), 200)), []),
    "above it a spare goes first": (
        little(sized(idle(1, "a"), 200), sized(warm(2, since=-1), 150), sized(idle(3, "b"), 100), warm_workers=1),
        [End(2, EndReason.MEMORY)],
    ),
    "then a likely one-shot, then the least recently used": (
        little(
            sized(idle(1, "a", since=-9), 300),
            sized(idle(2, "b", since=-5), 300),
            sized(idle(3, "c", transient=True), 300),
        ),
        [End(3, EndReason.MEMORY), End(1, EndReason.MEMORY)],
    ),
    "a running turn never goes": (
        little(sized(running(1, "a"), 500), sized(idle(2, "b"), 1)),
        [End(2, EndReason.MEMORY)],
    ),
    "an ending worker is counted as gone by who would end more": (
        little(sized(idle(1, "a"), 350), sized(stopping(2), 200)),
        [],
    ),
    "but not by who would start": (
        little(sized(running(1, "a"), 250), sized(stopping(2), 100), turn(11, "b")),
        [],
    ),
    "a worker that is not measured counts as a typical one": (
        replace(
            pool(*(idle(n, f"c{n}", since=-9 + n) for n in range(1, 6)), settings=replace(LIMITED, max_workers=9)),
            typical_bytes=100,
        ),
        [End(1, EndReason.MEMORY)],
    ),
    "a turn has a worker started where memory is left": (
        little(sized(running(1, "a"), 300), turn(11, "b")),
        [Start(AGENT)],
    ),
    "a turn has as many ended as it needs": (
        little(
            sized(running(1, "a"), 200),
            sized(idle(2, "b", since=-3), 60),
            sized(idle(3, "c", since=-2), 90),
            turn(11, "d"),
        ),
        [End(2, EndReason.LRU)],
    ),
    "nobody is ended in vain": (
        little(sized(running(1, "a"), 350), sized(idle(2, "b"), 40), turn(11, "d")),
        [Queued(11, 1)],
    ),
    "the only worker may always be started": (replace(little(turn(11, "a")), typical_bytes=999), [Start(AGENT)]),
    "a spare is started only where it leaves memory for one more": (
        little(sized(running(1, "a"), 201), warm_workers=1),
        [],
    ),
    "and there it is": (little(sized(running(1, "a"), 200), warm_workers=1), [SPARE_START]),
}


@pytest.mark.parametrize(("view", "expected"), SHORT_OF_MEMORY.values(), ids=SHORT_OF_MEMORY.keys())
def test_the_workers_stay_within_the_memory_limit(view: PoolView, expected: list[Action]) -> None:
    assert plan(view, now=0) == expected
