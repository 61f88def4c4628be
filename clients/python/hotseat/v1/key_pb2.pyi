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

class Scope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCOPE_UNSPECIFIED: _ClassVar[Scope]
    SCOPE_CONVERSE: _ClassVar[Scope]
    SCOPE_ADMIN: _ClassVar[Scope]
SCOPE_UNSPECIFIED: Scope
SCOPE_CONVERSE: Scope
SCOPE_ADMIN: Scope

class Key(_message.Message):
    __slots__ = ("key_id", "name", "tenant", "scopes", "limits", "weight", "hint", "create_time", "expire_time", "revoke_time", "last_use_time", "use_today")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    HINT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    REVOKE_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_USE_TIME_FIELD_NUMBER: _ClassVar[int]
    USE_TODAY_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    name: str
    tenant: str
    scopes: _containers.RepeatedScalarFieldContainer[Scope]
    limits: KeyLimits
    weight: float
    hint: str
    create_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    revoke_time: _timestamp_pb2.Timestamp
    last_use_time: _timestamp_pb2.Timestamp
    use_today: KeyUse
    def __init__(self, key_id: _Optional[str] = ..., name: _Optional[str] = ..., tenant: _Optional[str] = ..., scopes: _Optional[_Iterable[_Union[Scope, str]]] = ..., limits: _Optional[_Union[KeyLimits, _Mapping]] = ..., weight: _Optional[float] = ..., hint: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoke_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_use_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., use_today: _Optional[_Union[KeyUse, _Mapping]] = ...) -> None: ...

class KeyUse(_message.Message):
    __slots__ = ("request_count", "token_count", "cost_usd")
    REQUEST_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    COST_USD_FIELD_NUMBER: _ClassVar[int]
    request_count: int
    token_count: int
    cost_usd: float
    def __init__(self, request_count: _Optional[int] = ..., token_count: _Optional[int] = ..., cost_usd: _Optional[float] = ...) -> None: ...

class KeyLimits(_message.Message):
    __slots__ = ("requests_per_minute", "concurrent_turns", "tokens_per_day", "usd_per_day", "concurrent_calls")
    REQUESTS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_TURNS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    USD_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_CALLS_FIELD_NUMBER: _ClassVar[int]
    requests_per_minute: int
    concurrent_turns: int
    tokens_per_day: int
    usd_per_day: float
    concurrent_calls: int
    def __init__(self, requests_per_minute: _Optional[int] = ..., concurrent_turns: _Optional[int] = ..., tokens_per_day: _Optional[int] = ..., usd_per_day: _Optional[float] = ..., concurrent_calls: _Optional[int] = ...) -> None: ...

class KeyStanding(_message.Message):
    __slots__ = ("limits", "requests_left", "requests_reset_duration", "running_turns", "requests_today", "tokens_today", "usd_today", "day_reset_duration")
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_LEFT_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_RESET_DURATION_FIELD_NUMBER: _ClassVar[int]
    RUNNING_TURNS_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_TODAY_FIELD_NUMBER: _ClassVar[int]
    TOKENS_TODAY_FIELD_NUMBER: _ClassVar[int]
    USD_TODAY_FIELD_NUMBER: _ClassVar[int]
    DAY_RESET_DURATION_FIELD_NUMBER: _ClassVar[int]
    limits: KeyLimits
    requests_left: int
    requests_reset_duration: _duration_pb2.Duration
    running_turns: int
    requests_today: int
    tokens_today: int
    usd_today: float
    day_reset_duration: _duration_pb2.Duration
    def __init__(self, limits: _Optional[_Union[KeyLimits, _Mapping]] = ..., requests_left: _Optional[int] = ..., requests_reset_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., running_turns: _Optional[int] = ..., requests_today: _Optional[int] = ..., tokens_today: _Optional[int] = ..., usd_today: _Optional[float] = ..., day_reset_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
