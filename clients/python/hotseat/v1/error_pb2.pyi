import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_REASON_UNSPECIFIED: _ClassVar[ErrorReason]
    ERROR_REASON_INVALID_MESSAGE: _ClassVar[ErrorReason]
    ERROR_REASON_PROTOCOL_ORDER: _ClassVar[ErrorReason]
    ERROR_REASON_CONVERSATION_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_CONVERSATION_OWNED: _ClassVar[ErrorReason]
    ERROR_REASON_TURN_RUNNING: _ClassVar[ErrorReason]
    ERROR_REASON_SETTINGS_MISMATCH: _ClassVar[ErrorReason]
    ERROR_REASON_REPLAY_LOST: _ClassVar[ErrorReason]
    ERROR_REASON_POOL_FULL: _ClassVar[ErrorReason]
    ERROR_REASON_SLOW_READER: _ClassVar[ErrorReason]
    ERROR_REASON_POOL_DRAINING: _ClassVar[ErrorReason]
    ERROR_REASON_WORKER_START: _ClassVar[ErrorReason]
    ERROR_REASON_WORKER_LOST: _ClassVar[ErrorReason]
    ERROR_REASON_PROVIDER: _ClassVar[ErrorReason]
    ERROR_REASON_PROVIDER_LIMIT: _ClassVar[ErrorReason]
    ERROR_REASON_TURN_LIMIT: _ClassVar[ErrorReason]
    ERROR_REASON_NOTHING_PENDING: _ClassVar[ErrorReason]
    ERROR_REASON_HISTORY_MISMATCH: _ClassVar[ErrorReason]
    ERROR_REASON_QUEUE_TIMEOUT: _ClassVar[ErrorReason]
    ERROR_REASON_PROVIDER_AUTH: _ClassVar[ErrorReason]
    ERROR_REASON_PROVIDER_REJECTED: _ClassVar[ErrorReason]
    ERROR_REASON_STALLED: _ClassVar[ErrorReason]
    ERROR_REASON_ATTEMPT_ABANDONED: _ClassVar[ErrorReason]
    ERROR_REASON_INTERNAL: _ClassVar[ErrorReason]
    ERROR_REASON_CONVERSATION_EXISTS: _ClassVar[ErrorReason]
    ERROR_REASON_STORAGE_FAILED: _ClassVar[ErrorReason]
    ERROR_REASON_REQUEST_REUSED: _ClassVar[ErrorReason]
    ERROR_REASON_OUTPUT_INVALID: _ClassVar[ErrorReason]
    ERROR_REASON_UNAUTHENTICATED: _ClassVar[ErrorReason]
    ERROR_REASON_PERMISSION_DENIED: _ClassVar[ErrorReason]
    ERROR_REASON_RATE_LIMITED: _ClassVar[ErrorReason]
    ERROR_REASON_BUDGET_SPENT: _ClassVar[ErrorReason]
    ERROR_REASON_KEY_NOT_FOUND: _ClassVar[ErrorReason]
ERROR_REASON_UNSPECIFIED: ErrorReason
ERROR_REASON_INVALID_MESSAGE: ErrorReason
ERROR_REASON_PROTOCOL_ORDER: ErrorReason
ERROR_REASON_CONVERSATION_NOT_FOUND: ErrorReason
ERROR_REASON_CONVERSATION_OWNED: ErrorReason
ERROR_REASON_TURN_RUNNING: ErrorReason
ERROR_REASON_SETTINGS_MISMATCH: ErrorReason
ERROR_REASON_REPLAY_LOST: ErrorReason
ERROR_REASON_POOL_FULL: ErrorReason
ERROR_REASON_SLOW_READER: ErrorReason
ERROR_REASON_POOL_DRAINING: ErrorReason
ERROR_REASON_WORKER_START: ErrorReason
ERROR_REASON_WORKER_LOST: ErrorReason
ERROR_REASON_PROVIDER: ErrorReason
ERROR_REASON_PROVIDER_LIMIT: ErrorReason
ERROR_REASON_TURN_LIMIT: ErrorReason
ERROR_REASON_NOTHING_PENDING: ErrorReason
ERROR_REASON_HISTORY_MISMATCH: ErrorReason
ERROR_REASON_QUEUE_TIMEOUT: ErrorReason
ERROR_REASON_PROVIDER_AUTH: ErrorReason
ERROR_REASON_PROVIDER_REJECTED: ErrorReason
ERROR_REASON_STALLED: ErrorReason
ERROR_REASON_ATTEMPT_ABANDONED: ErrorReason
ERROR_REASON_INTERNAL: ErrorReason
ERROR_REASON_CONVERSATION_EXISTS: ErrorReason
ERROR_REASON_STORAGE_FAILED: ErrorReason
ERROR_REASON_REQUEST_REUSED: ErrorReason
ERROR_REASON_OUTPUT_INVALID: ErrorReason
ERROR_REASON_UNAUTHENTICATED: ErrorReason
ERROR_REASON_PERMISSION_DENIED: ErrorReason
ERROR_REASON_RATE_LIMITED: ErrorReason
ERROR_REASON_BUDGET_SPENT: ErrorReason
ERROR_REASON_KEY_NOT_FOUND: ErrorReason

class Error(_message.Message):
    __slots__ = ("reason", "message", "metadata", "retry_delay")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    RETRY_DELAY_FIELD_NUMBER: _ClassVar[int]
    reason: ErrorReason
    message: str
    metadata: _containers.ScalarMap[str, str]
    retry_delay: _duration_pb2.Duration
    def __init__(self, reason: _Optional[_Union[ErrorReason, str]] = ..., message: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., retry_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
