import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Pool(_message.Message):
    __slots__ = ("state", "size", "stats", "start_time", "containment", "start_retry_time", "sandbox", "key_mode")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Pool.State]
        STATE_ACTIVE: _ClassVar[Pool.State]
        STATE_DRAINING: _ClassVar[Pool.State]
        STATE_DRAINED: _ClassVar[Pool.State]
    STATE_UNSPECIFIED: Pool.State
    STATE_ACTIVE: Pool.State
    STATE_DRAINING: Pool.State
    STATE_DRAINED: Pool.State
    STATE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    STATS_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    CONTAINMENT_FIELD_NUMBER: _ClassVar[int]
    START_RETRY_TIME_FIELD_NUMBER: _ClassVar[int]
    SANDBOX_FIELD_NUMBER: _ClassVar[int]
    KEY_MODE_FIELD_NUMBER: _ClassVar[int]
    state: Pool.State
    size: PoolSize
    stats: PoolStats
    start_time: _timestamp_pb2.Timestamp
    containment: str
    start_retry_time: _timestamp_pb2.Timestamp
    sandbox: Sandbox
    key_mode: str
    def __init__(self, state: _Optional[_Union[Pool.State, str]] = ..., size: _Optional[_Union[PoolSize, _Mapping]] = ..., stats: _Optional[_Union[PoolStats, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., containment: _Optional[str] = ..., start_retry_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sandbox: _Optional[_Union[Sandbox, _Mapping]] = ..., key_mode: _Optional[str] = ...) -> None: ...

class Sandbox(_message.Message):
    __slots__ = ("enabled", "network", "disabled_reason")
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    NETWORK_FIELD_NUMBER: _ClassVar[int]
    DISABLED_REASON_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    network: str
    disabled_reason: str
    def __init__(self, enabled: bool = ..., network: _Optional[str] = ..., disabled_reason: _Optional[str] = ...) -> None: ...

class PoolSize(_message.Message):
    __slots__ = ("max_workers", "warm_workers", "max_queue", "idle_timeout", "memory_limit_bytes")
    MAX_WORKERS_FIELD_NUMBER: _ClassVar[int]
    WARM_WORKERS_FIELD_NUMBER: _ClassVar[int]
    MAX_QUEUE_FIELD_NUMBER: _ClassVar[int]
    IDLE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    max_workers: int
    warm_workers: int
    max_queue: int
    idle_timeout: _duration_pb2.Duration
    memory_limit_bytes: int
    def __init__(self, max_workers: _Optional[int] = ..., warm_workers: _Optional[int] = ..., max_queue: _Optional[int] = ..., idle_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., memory_limit_bytes: _Optional[int] = ...) -> None: ...

class PoolStats(_message.Message):
    __slots__ = ("starting_workers", "warm_workers", "idle_workers", "running_workers", "stopping_workers", "queued_turns", "oldest_queue_duration", "hot_turn_count", "warm_turn_count", "cold_turn_count", "queue_duration", "cancelled_turn_count", "refused_turn_count", "worker_start_count", "worker_start_failure_count", "worker_lost_count", "lru_eviction_count", "idle_eviction_count", "memory_bytes")
    STARTING_WORKERS_FIELD_NUMBER: _ClassVar[int]
    WARM_WORKERS_FIELD_NUMBER: _ClassVar[int]
    IDLE_WORKERS_FIELD_NUMBER: _ClassVar[int]
    RUNNING_WORKERS_FIELD_NUMBER: _ClassVar[int]
    STOPPING_WORKERS_FIELD_NUMBER: _ClassVar[int]
    QUEUED_TURNS_FIELD_NUMBER: _ClassVar[int]
    OLDEST_QUEUE_DURATION_FIELD_NUMBER: _ClassVar[int]
    HOT_TURN_COUNT_FIELD_NUMBER: _ClassVar[int]
    WARM_TURN_COUNT_FIELD_NUMBER: _ClassVar[int]
    COLD_TURN_COUNT_FIELD_NUMBER: _ClassVar[int]
    QUEUE_DURATION_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_TURN_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_TURN_COUNT_FIELD_NUMBER: _ClassVar[int]
    WORKER_START_COUNT_FIELD_NUMBER: _ClassVar[int]
    WORKER_START_FAILURE_COUNT_FIELD_NUMBER: _ClassVar[int]
    WORKER_LOST_COUNT_FIELD_NUMBER: _ClassVar[int]
    LRU_EVICTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    IDLE_EVICTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    starting_workers: int
    warm_workers: int
    idle_workers: int
    running_workers: int
    stopping_workers: int
    queued_turns: int
    oldest_queue_duration: _duration_pb2.Duration
    hot_turn_count: int
    warm_turn_count: int
    cold_turn_count: int
    queue_duration: _duration_pb2.Duration
    cancelled_turn_count: int
    refused_turn_count: int
    worker_start_count: int
    worker_start_failure_count: int
    worker_lost_count: int
    lru_eviction_count: int
    idle_eviction_count: int
    memory_bytes: int
    def __init__(self, starting_workers: _Optional[int] = ..., warm_workers: _Optional[int] = ..., idle_workers: _Optional[int] = ..., running_workers: _Optional[int] = ..., stopping_workers: _Optional[int] = ..., queued_turns: _Optional[int] = ..., oldest_queue_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., hot_turn_count: _Optional[int] = ..., warm_turn_count: _Optional[int] = ..., cold_turn_count: _Optional[int] = ..., queue_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., cancelled_turn_count: _Optional[int] = ..., refused_turn_count: _Optional[int] = ..., worker_start_count: _Optional[int] = ..., worker_start_failure_count: _Optional[int] = ..., worker_lost_count: _Optional[int] = ..., lru_eviction_count: _Optional[int] = ..., idle_eviction_count: _Optional[int] = ..., memory_bytes: _Optional[int] = ...) -> None: ...

class Worker(_message.Message):
    __slots__ = ("worker_id", "state", "conversation_id", "pid", "start_time", "last_turn_time", "turn_count", "memory_bytes", "cli_version", "profile", "turn_start_time", "tenant")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Worker.State]
        STATE_STARTING: _ClassVar[Worker.State]
        STATE_WARM: _ClassVar[Worker.State]
        STATE_IDLE: _ClassVar[Worker.State]
        STATE_RUNNING: _ClassVar[Worker.State]
        STATE_STOPPING: _ClassVar[Worker.State]
        STATE_STOPPED: _ClassVar[Worker.State]
    STATE_UNSPECIFIED: Worker.State
    STATE_STARTING: Worker.State
    STATE_WARM: Worker.State
    STATE_IDLE: Worker.State
    STATE_RUNNING: Worker.State
    STATE_STOPPING: Worker.State
    STATE_STOPPED: Worker.State
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_TURN_TIME_FIELD_NUMBER: _ClassVar[int]
    TURN_COUNT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    CLI_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    TURN_START_TIME_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    state: Worker.State
    conversation_id: str
    pid: int
    start_time: _timestamp_pb2.Timestamp
    last_turn_time: _timestamp_pb2.Timestamp
    turn_count: int
    memory_bytes: int
    cli_version: str
    profile: str
    turn_start_time: _timestamp_pb2.Timestamp
    tenant: str
    def __init__(self, worker_id: _Optional[str] = ..., state: _Optional[_Union[Worker.State, str]] = ..., conversation_id: _Optional[str] = ..., pid: _Optional[int] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_turn_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., turn_count: _Optional[int] = ..., memory_bytes: _Optional[int] = ..., cli_version: _Optional[str] = ..., profile: _Optional[str] = ..., turn_start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tenant: _Optional[str] = ...) -> None: ...

class QueuedTurn(_message.Message):
    __slots__ = ("position", "conversation_id", "profile", "queue_time", "expire_time", "tenant")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    QUEUE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    position: int
    conversation_id: str
    profile: str
    queue_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    tenant: str
    def __init__(self, position: _Optional[int] = ..., conversation_id: _Optional[str] = ..., profile: _Optional[str] = ..., queue_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tenant: _Optional[str] = ...) -> None: ...

class GetPoolRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetPoolResponse(_message.Message):
    __slots__ = ("pool",)
    POOL_FIELD_NUMBER: _ClassVar[int]
    pool: Pool
    def __init__(self, pool: _Optional[_Union[Pool, _Mapping]] = ...) -> None: ...

class ListWorkersRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListWorkersResponse(_message.Message):
    __slots__ = ("workers", "next_page_token")
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    workers: _containers.RepeatedCompositeFieldContainer[Worker]
    next_page_token: str
    def __init__(self, workers: _Optional[_Iterable[_Union[Worker, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListQueuedTurnsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListQueuedTurnsResponse(_message.Message):
    __slots__ = ("queued_turns", "next_page_token")
    QUEUED_TURNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    queued_turns: _containers.RepeatedCompositeFieldContainer[QueuedTurn]
    next_page_token: str
    def __init__(self, queued_turns: _Optional[_Iterable[_Union[QueuedTurn, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class EvictConversationRequest(_message.Message):
    __slots__ = ("conversation_id", "force")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    force: bool
    def __init__(self, conversation_id: _Optional[str] = ..., force: bool = ...) -> None: ...

class EvictConversationResponse(_message.Message):
    __slots__ = ("worker_id",)
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    def __init__(self, worker_id: _Optional[str] = ...) -> None: ...

class DrainPoolRequest(_message.Message):
    __slots__ = ("grace_duration",)
    GRACE_DURATION_FIELD_NUMBER: _ClassVar[int]
    grace_duration: _duration_pb2.Duration
    def __init__(self, grace_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DrainPoolResponse(_message.Message):
    __slots__ = ("pool",)
    POOL_FIELD_NUMBER: _ClassVar[int]
    pool: Pool
    def __init__(self, pool: _Optional[_Union[Pool, _Mapping]] = ...) -> None: ...

class ResumePoolRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResumePoolResponse(_message.Message):
    __slots__ = ("pool",)
    POOL_FIELD_NUMBER: _ClassVar[int]
    pool: Pool
    def __init__(self, pool: _Optional[_Union[Pool, _Mapping]] = ...) -> None: ...

class ResizePoolRequest(_message.Message):
    __slots__ = ("max_workers", "warm_workers", "max_queue", "idle_timeout", "memory_limit_bytes")
    MAX_WORKERS_FIELD_NUMBER: _ClassVar[int]
    WARM_WORKERS_FIELD_NUMBER: _ClassVar[int]
    MAX_QUEUE_FIELD_NUMBER: _ClassVar[int]
    IDLE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    max_workers: int
    warm_workers: int
    max_queue: int
    idle_timeout: _duration_pb2.Duration
    memory_limit_bytes: int
    def __init__(self, max_workers: _Optional[int] = ..., warm_workers: _Optional[int] = ..., max_queue: _Optional[int] = ..., idle_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., memory_limit_bytes: _Optional[int] = ...) -> None: ...

class ResizePoolResponse(_message.Message):
    __slots__ = ("pool",)
    POOL_FIELD_NUMBER: _ClassVar[int]
    pool: Pool
    def __init__(self, pool: _Optional[_Union[Pool, _Mapping]] = ...) -> None: ...

class WatchPoolRequest(_message.Message):
    __slots__ = ("min_interval",)
    MIN_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    min_interval: _duration_pb2.Duration
    def __init__(self, min_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class WatchPoolResponse(_message.Message):
    __slots__ = ("pool", "workers")
    POOL_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    pool: Pool
    workers: _containers.RepeatedCompositeFieldContainer[Worker]
    def __init__(self, pool: _Optional[_Union[Pool, _Mapping]] = ..., workers: _Optional[_Iterable[_Union[Worker, _Mapping]]] = ...) -> None: ...
