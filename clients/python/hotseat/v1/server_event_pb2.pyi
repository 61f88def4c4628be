import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hotseat.v1 import client_message_pb2 as _client_message_pb2
from hotseat.v1 import content_pb2 as _content_pb2
from hotseat.v1 import conversation_pb2 as _conversation_pb2
from hotseat.v1 import error_pb2 as _error_pb2
from hotseat.v1 import key_pb2 as _key_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WorkerSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WORKER_SOURCE_UNSPECIFIED: _ClassVar[WorkerSource]
    WORKER_SOURCE_HOT: _ClassVar[WorkerSource]
    WORKER_SOURCE_WARM: _ClassVar[WorkerSource]
    WORKER_SOURCE_COLD: _ClassVar[WorkerSource]
WORKER_SOURCE_UNSPECIFIED: WorkerSource
WORKER_SOURCE_HOT: WorkerSource
WORKER_SOURCE_WARM: WorkerSource
WORKER_SOURCE_COLD: WorkerSource

class Ready(_message.Message):
    __slots__ = ("conversation", "log_id", "first_sequence", "next_sequence", "worker_source", "server_version", "key_standing")
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    LOG_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    NEXT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    WORKER_SOURCE_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    KEY_STANDING_FIELD_NUMBER: _ClassVar[int]
    conversation: _conversation_pb2.Conversation
    log_id: str
    first_sequence: int
    next_sequence: int
    worker_source: WorkerSource
    server_version: str
    key_standing: _key_pb2.KeyStanding
    def __init__(self, conversation: _Optional[_Union[_conversation_pb2.Conversation, _Mapping]] = ..., log_id: _Optional[str] = ..., first_sequence: _Optional[int] = ..., next_sequence: _Optional[int] = ..., worker_source: _Optional[_Union[WorkerSource, str]] = ..., server_version: _Optional[str] = ..., key_standing: _Optional[_Union[_key_pb2.KeyStanding, _Mapping]] = ...) -> None: ...

class TurnStarted(_message.Message):
    __slots__ = ("request_id", "model", "worker_source", "queue_duration")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    WORKER_SOURCE_FIELD_NUMBER: _ClassVar[int]
    QUEUE_DURATION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    model: str
    worker_source: WorkerSource
    queue_duration: _duration_pb2.Duration
    def __init__(self, request_id: _Optional[str] = ..., model: _Optional[str] = ..., worker_source: _Optional[_Union[WorkerSource, str]] = ..., queue_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class TextDelta(_message.Message):
    __slots__ = ("text", "block", "parent_tool_use_id")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    PARENT_TOOL_USE_ID_FIELD_NUMBER: _ClassVar[int]
    text: str
    block: int
    parent_tool_use_id: str
    def __init__(self, text: _Optional[str] = ..., block: _Optional[int] = ..., parent_tool_use_id: _Optional[str] = ...) -> None: ...

class ThinkingDelta(_message.Message):
    __slots__ = ("text", "block", "parent_tool_use_id")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    PARENT_TOOL_USE_ID_FIELD_NUMBER: _ClassVar[int]
    text: str
    block: int
    parent_tool_use_id: str
    def __init__(self, text: _Optional[str] = ..., block: _Optional[int] = ..., parent_tool_use_id: _Optional[str] = ...) -> None: ...

class ToolStarted(_message.Message):
    __slots__ = ("tool_use_id", "name", "block", "client_tool", "parent_tool_use_id")
    TOOL_USE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    CLIENT_TOOL_FIELD_NUMBER: _ClassVar[int]
    PARENT_TOOL_USE_ID_FIELD_NUMBER: _ClassVar[int]
    tool_use_id: str
    name: str
    block: int
    client_tool: bool
    parent_tool_use_id: str
    def __init__(self, tool_use_id: _Optional[str] = ..., name: _Optional[str] = ..., block: _Optional[int] = ..., client_tool: bool = ..., parent_tool_use_id: _Optional[str] = ...) -> None: ...

class ToolInputDelta(_message.Message):
    __slots__ = ("tool_use_id", "json")
    TOOL_USE_ID_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    tool_use_id: str
    json: str
    def __init__(self, tool_use_id: _Optional[str] = ..., json: _Optional[str] = ...) -> None: ...

class ToolInputCompleted(_message.Message):
    __slots__ = ("tool_use_id", "input_json")
    TOOL_USE_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    tool_use_id: str
    input_json: str
    def __init__(self, tool_use_id: _Optional[str] = ..., input_json: _Optional[str] = ...) -> None: ...

class ToolCompleted(_message.Message):
    __slots__ = ("tool_use_id", "content", "is_error")
    TOOL_USE_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    IS_ERROR_FIELD_NUMBER: _ClassVar[int]
    tool_use_id: str
    content: _containers.RepeatedCompositeFieldContainer[_content_pb2.ContentBlock]
    is_error: bool
    def __init__(self, tool_use_id: _Optional[str] = ..., content: _Optional[_Iterable[_Union[_content_pb2.ContentBlock, _Mapping]]] = ..., is_error: bool = ...) -> None: ...

class ToolCall(_message.Message):
    __slots__ = ("tool_call_id", "tool_use_id", "name", "input_json", "expire_time")
    TOOL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_USE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    INPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    tool_call_id: str
    tool_use_id: str
    name: str
    input_json: str
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, tool_call_id: _Optional[str] = ..., tool_use_id: _Optional[str] = ..., name: _Optional[str] = ..., input_json: _Optional[str] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PermissionRequest(_message.Message):
    __slots__ = ("permission_id", "tool_use_id", "tool_name", "input_json", "description", "suggested_rules", "expire_time")
    PERMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_USE_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_NAME_FIELD_NUMBER: _ClassVar[int]
    INPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SUGGESTED_RULES_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    permission_id: str
    tool_use_id: str
    tool_name: str
    input_json: str
    description: str
    suggested_rules: _containers.RepeatedScalarFieldContainer[str]
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, permission_id: _Optional[str] = ..., tool_use_id: _Optional[str] = ..., tool_name: _Optional[str] = ..., input_json: _Optional[str] = ..., description: _Optional[str] = ..., suggested_rules: _Optional[_Iterable[str]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RequestsCancelled(_message.Message):
    __slots__ = ("tool_call_ids", "permission_ids")
    TOOL_CALL_IDS_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_IDS_FIELD_NUMBER: _ClassVar[int]
    tool_call_ids: _containers.RepeatedScalarFieldContainer[str]
    permission_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tool_call_ids: _Optional[_Iterable[str]] = ..., permission_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("kind", "message", "metadata")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Notice.Kind]
        KIND_RETRYING: _ClassVar[Notice.Kind]
        KIND_COMPACTED: _ClassVar[Notice.Kind]
        KIND_RATE_LIMIT: _ClassVar[Notice.Kind]
        KIND_WORKER_REPLACED: _ClassVar[Notice.Kind]
    KIND_UNSPECIFIED: Notice.Kind
    KIND_RETRYING: Notice.Kind
    KIND_COMPACTED: Notice.Kind
    KIND_RATE_LIMIT: Notice.Kind
    KIND_WORKER_REPLACED: Notice.Kind
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    KIND_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    kind: Notice.Kind
    message: str
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, kind: _Optional[_Union[Notice.Kind, str]] = ..., message: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class TextRetracted(_message.Message):
    __slots__ = ("block", "kept_length")
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    KEPT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    block: int
    kept_length: int
    def __init__(self, block: _Optional[int] = ..., kept_length: _Optional[int] = ...) -> None: ...

class Turn(_message.Message):
    __slots__ = ("turn", "request_id", "input", "start_time", "completed", "tool_results", "note", "output")
    TURN_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    TOOL_RESULTS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    turn: int
    request_id: str
    input: _containers.RepeatedCompositeFieldContainer[_content_pb2.ContentBlock]
    start_time: _timestamp_pb2.Timestamp
    completed: TurnCompleted
    tool_results: _containers.RepeatedCompositeFieldContainer[_client_message_pb2.ToolResult]
    note: _client_message_pb2.TurnNote
    output: _containers.RepeatedCompositeFieldContainer[OutputBlock]
    def __init__(self, turn: _Optional[int] = ..., request_id: _Optional[str] = ..., input: _Optional[_Iterable[_Union[_content_pb2.ContentBlock, _Mapping]]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., completed: _Optional[_Union[TurnCompleted, _Mapping]] = ..., tool_results: _Optional[_Iterable[_Union[_client_message_pb2.ToolResult, _Mapping]]] = ..., note: _Optional[_Union[_client_message_pb2.TurnNote, _Mapping]] = ..., output: _Optional[_Iterable[_Union[OutputBlock, _Mapping]]] = ...) -> None: ...

class OutputBlock(_message.Message):
    __slots__ = ("text", "thinking", "tool_use")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    THINKING_FIELD_NUMBER: _ClassVar[int]
    TOOL_USE_FIELD_NUMBER: _ClassVar[int]
    text: str
    thinking: str
    tool_use: _client_message_pb2.ToolUse
    def __init__(self, text: _Optional[str] = ..., thinking: _Optional[str] = ..., tool_use: _Optional[_Union[_client_message_pb2.ToolUse, _Mapping]] = ...) -> None: ...

class TurnCompleted(_message.Message):
    __slots__ = ("request_id", "outcome", "text", "structured_output_json", "usage", "error", "duration", "step_count", "tool_calls")
    class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OUTCOME_UNSPECIFIED: _ClassVar[TurnCompleted.Outcome]
        OUTCOME_SUCCEEDED: _ClassVar[TurnCompleted.Outcome]
        OUTCOME_TRUNCATED: _ClassVar[TurnCompleted.Outcome]
        OUTCOME_REFUSED: _ClassVar[TurnCompleted.Outcome]
        OUTCOME_INTERRUPTED: _ClassVar[TurnCompleted.Outcome]
        OUTCOME_FAILED: _ClassVar[TurnCompleted.Outcome]
        OUTCOME_TOOL_CALLS: _ClassVar[TurnCompleted.Outcome]
    OUTCOME_UNSPECIFIED: TurnCompleted.Outcome
    OUTCOME_SUCCEEDED: TurnCompleted.Outcome
    OUTCOME_TRUNCATED: TurnCompleted.Outcome
    OUTCOME_REFUSED: TurnCompleted.Outcome
    OUTCOME_INTERRUPTED: TurnCompleted.Outcome
    OUTCOME_FAILED: TurnCompleted.Outcome
    OUTCOME_TOOL_CALLS: TurnCompleted.Outcome
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    STRUCTURED_OUTPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    STEP_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    outcome: TurnCompleted.Outcome
    text: str
    structured_output_json: str
    usage: _content_pb2.Usage
    error: _error_pb2.Error
    duration: _duration_pb2.Duration
    step_count: int
    tool_calls: _containers.RepeatedCompositeFieldContainer[ToolCall]
    def __init__(self, request_id: _Optional[str] = ..., outcome: _Optional[_Union[TurnCompleted.Outcome, str]] = ..., text: _Optional[str] = ..., structured_output_json: _Optional[str] = ..., usage: _Optional[_Union[_content_pb2.Usage, _Mapping]] = ..., error: _Optional[_Union[_error_pb2.Error, _Mapping]] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., step_count: _Optional[int] = ..., tool_calls: _Optional[_Iterable[_Union[ToolCall, _Mapping]]] = ...) -> None: ...

class InputRejected(_message.Message):
    __slots__ = ("id", "error")
    ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    id: str
    error: _error_pb2.Error
    def __init__(self, id: _Optional[str] = ..., error: _Optional[_Union[_error_pb2.Error, _Mapping]] = ...) -> None: ...

class InputQueued(_message.Message):
    __slots__ = ("request_id", "position", "estimated_wait_duration")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_WAIT_DURATION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    position: int
    estimated_wait_duration: _duration_pb2.Duration
    def __init__(self, request_id: _Optional[str] = ..., position: _Optional[int] = ..., estimated_wait_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("next_sequence", "state")
    NEXT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    next_sequence: int
    state: _conversation_pb2.Conversation.State
    def __init__(self, next_sequence: _Optional[int] = ..., state: _Optional[_Union[_conversation_pb2.Conversation.State, str]] = ...) -> None: ...

class GoAway(_message.Message):
    __slots__ = ("reason", "time_left")
    class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REASON_UNSPECIFIED: _ClassVar[GoAway.Reason]
        REASON_DRAINING: _ClassVar[GoAway.Reason]
        REASON_TAKEN_OVER: _ClassVar[GoAway.Reason]
        REASON_EVICTED: _ClassVar[GoAway.Reason]
    REASON_UNSPECIFIED: GoAway.Reason
    REASON_DRAINING: GoAway.Reason
    REASON_TAKEN_OVER: GoAway.Reason
    REASON_EVICTED: GoAway.Reason
    REASON_FIELD_NUMBER: _ClassVar[int]
    TIME_LEFT_FIELD_NUMBER: _ClassVar[int]
    reason: GoAway.Reason
    time_left: _duration_pb2.Duration
    def __init__(self, reason: _Optional[_Union[GoAway.Reason, str]] = ..., time_left: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RawMessage(_message.Message):
    __slots__ = ("json",)
    JSON_FIELD_NUMBER: _ClassVar[int]
    json: str
    def __init__(self, json: _Optional[str] = ...) -> None: ...
