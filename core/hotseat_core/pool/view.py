"""The pool as values: what the policy looks at, and what it may order."""

import enum
from collections.abc import Mapping

import msgspec

from hotseat_core.pool.backoff import Backoff
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.worker_port import WorkerSpec

Key = tuple[str, str]  # a tenant and its conversation: equal ids of two tenants are two conversations

FIRST_WORKER_BYTES = 130 * 1024 * 1024  # measured: the CLI, initialized, alone on its machine


class WorkerState(enum.Enum):
    """What a worker is doing; every one of these is a process that counts against max_workers."""

    STARTING = "starting"
    WARM = "warm"  # ready, without a conversation
    IDLE = "idle"  # holds a conversation and waits for input
    RUNNING = "running"  # leased
    STOPPING = "stopping"


class Source(enum.Enum):
    """How a turn came by its worker."""

    HOT = "hot"  # it held the conversation
    WARM = "warm"  # it was ready when the turn asked
    COLD = "cold"  # it got ready after the turn asked


class StartReason(enum.Enum):
    """Why the pool starts a worker."""

    TURN = "turn"  # one waits for it
    SPARE = "spare"


class EndReason(enum.Enum):
    """Why the pool ends a worker."""

    LRU = "lru"  # the least recently used, for a waiting turn
    TRANSIENT = "transient"  # it held a likely one-shot, for a waiting turn
    OTHER_SPARE = "other_spare"  # a spare of another spec, for a waiting turn
    SPARE_ROOM = "spare_room"  # it held a likely one-shot or had idled for a while, for a spare
    SURPLUS_SPARE = "surplus_spare"
    IDLE = "idle"  # idle_timeout
    REPLACED = "replaced"  # its own conversation asked for a fresh or another worker
    RELEASED = "released"  # its holder did not want it kept
    RESIZE = "resize"
    MEMORY = "memory"  # the workers use more than the limit
    DRAIN = "drain"
    ADMIN = "admin"
    CLOSE = "close"


class Refusal(enum.Enum):
    """Why a turn gets no worker."""

    FULL = "full"
    TIMEOUT = "timeout"
    DRAINING = "draining"
    START_FAILED = "start_failed"  # the start it waited for
    START_FAILING = "start_failing"  # starts of its spec failed too often; nobody tries for a while


class WorkerView(msgspec.Struct, frozen=True):
    """One process."""

    seat: int
    spec: WorkerSpec
    state: WorkerState
    since: float = 0.0  # when it came into this state
    conversation: str | None = None  # None exactly while starting or warm, or stopping after those
    tenant: str = ""  # of the conversation
    transient: bool = False
    message_count: int = 0  # of the conversation, when its latest turn began
    ready_order: int = 0  # when it got ready, on the scale of WaiterView.order
    revoked: bool = False  # its holder has been asked to give it back
    memory_bytes: int = 0  # of its whole tree, as last measured; 0: not measured yet

    @property
    def key(self) -> Key | None:
        """The conversation it holds, among those of all tenants."""
        return None if self.conversation is None else (self.tenant, self.conversation)


class WaiterView(msgspec.Struct, frozen=True):
    """One turn that waits for a worker."""

    order: int  # of arrival
    conversation: str
    spec: WorkerSpec
    since: float = 0.0
    deadline: float = float("inf")
    fresh: bool = False
    transient: bool = False
    accepted: bool = False  # False: it has just come and may still be refused for want of room in the queue
    position: int = 0  # in the queue, as last told; 0: never
    tenant: str = ""
    weight: float = 1.0  # of its tenant: one of weight 2 gets two turns for each of another's
    number: float = 0.0  # whoever has the smallest is next: fair between tenants, see fairness
    message_count: int = 0  # of the conversation: what a new worker would have to be told

    @property
    def key(self) -> Key:
        """Its conversation, among those of all tenants."""
        return self.tenant, self.conversation


class PoolView(msgspec.Struct, frozen=True):
    """Everything the policy knows."""

    settings: PoolSettings
    workers: tuple[WorkerView, ...] = ()  # at most one a conversation
    waiters: tuple[WaiterView, ...] = ()  # in order of arrival
    recent: tuple[WorkerSpec, ...] = ()  # specs asked for, the latest first; those that can have spares
    backoffs: Mapping[WorkerSpec, Backoff] = {}
    last_numbers: Mapping[str, float] = {}  # of each tenant that had a turn while others waited, see fairness
    held: frozenset[Key] = frozenset()  # conversations whose holder has not yet let go of a worker that is lost
    draining: bool = False
    drain_at: float | None = None  # when the grace of a drain is over
    typical_bytes: int = FIRST_WORKER_BYTES  # what a worker uses that has not been measured


class Assign(msgspec.Struct, frozen=True):
    """Give this worker to this waiter."""

    waiter: int
    seat: int
    source: Source


class Start(msgspec.Struct, frozen=True):
    """Start a worker; it belongs to whoever fits first when it is ready."""

    spec: WorkerSpec
    reason: StartReason = StartReason.TURN


class End(msgspec.Struct, frozen=True):
    """End this worker."""

    seat: int
    reason: EndReason


class Refuse(msgspec.Struct, frozen=True):
    """Tell this waiter no; try_again_at where that is known."""

    waiter: int
    why: Refusal
    try_again_at: float | None = None


class Queued(msgspec.Struct, frozen=True):
    """Tell this waiter its place in the queue, counted from 1."""

    waiter: int
    position: int


class Revoke(msgspec.Struct, frozen=True):
    """Ask this worker's holder to give it back."""

    seat: int


class Wake(msgspec.Struct, frozen=True):
    """Plan again at this time, even if nothing happens."""

    at: float


Action = Assign | Start | End | Refuse | Queued | Revoke | Wake
