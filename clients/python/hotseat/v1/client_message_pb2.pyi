import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from hotseat.v1 import content_pb2 as _content_pb2
from hotseat.v1 import conversation_pb2 as _conversation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HistoryPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HISTORY_POLICY_UNSPECIFIED: _ClassVar[HistoryPolicy]
    HISTORY_POLICY_MATCH: _ClassVar[HistoryPolicy]
    HISTORY_POLICY_REQUIRE: _ClassVar[HistoryPolicy]
    HISTORY_POLICY_IGNORE: _ClassVar[HistoryPolicy]
    HISTORY_POLICY_APPEND: _ClassVar[HistoryPolicy]
HISTORY_POLICY_UNSPECIFIED: HistoryPolicy
HISTORY_POLICY_MATCH: HistoryPolicy
HISTORY_POLICY_REQUIRE: HistoryPolicy
HISTORY_POLICY_IGNORE: HistoryPolicy
HISTORY_POLICY_APPEND: HistoryPolicy

class OpenConversation(_message.Message):
    __slots__ = ("conversation_id", "disposition", "client_id", "settings", "start_sequence", "log_id", "heartbeat_interval", "include_raw", "detach_timeout", "history", "history_policy", "first_input", "find_request", "after_request_id", "after_label")
    class Disposition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DISPOSITION_UNSPECIFIED: _ClassVar[OpenConversation.Disposition]
        DISPOSITION_OPEN_OR_CREATE: _ClassVar[OpenConversation.Disposition]
        DISPOSITION_OPEN: _ClassVar[OpenConversation.Disposition]
        DISPOSITION_OBSERVE: _ClassVar[OpenConversation.Disposition]
        DISPOSITION_TAKE_OVER: _ClassVar[OpenConversation.Disposition]
    DISPOSITION_UNSPECIFIED: OpenConversation.Disposition
    DISPOSITION_OPEN_OR_CREATE: OpenConversation.Disposition
    DISPOSITION_OPEN: OpenConversation.Disposition
    DISPOSITION_OBSERVE: OpenConversation.Disposition
    DISPOSITION_TAKE_OVER: OpenConversation.Disposition
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    DISPOSITION_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    START_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LOG_ID_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_RAW_FIELD_NUMBER: _ClassVar[int]
    DETACH_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    HISTORY_POLICY_FIELD_NUMBER: _ClassVar[int]
    FIRST_INPUT_FIELD_NUMBER: _ClassVar[int]
    FIND_REQUEST_FIELD_NUMBER: _ClassVar[int]
    AFTER_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_LABEL_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    disposition: OpenConversation.Disposition
    client_id: str
    settings: _conversation_pb2.ConversationSettings
    start_sequence: int
    log_id: str
    heartbeat_interval: _duration_pb2.Duration
    include_raw: bool
    detach_timeout: _duration_pb2.Duration
    history: _containers.RepeatedCompositeFieldContainer[HistoryMessage]
    history_policy: HistoryPolicy
    first_input: UserInput
    find_request: bool
    after_request_id: str
    after_label: str
    def __init__(self, conversation_id: _Optional[str] = ..., disposition: _Optional[_Union[OpenConversation.Disposition, str]] = ..., client_id: _Optional[str] = ..., settings: _Optional[_Union[_conversation_pb2.ConversationSettings, _Mapping]] = ..., start_sequence: _Optional[int] = ..., log_id: _Optional[str] = ..., heartbeat_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., include_raw: bool = ..., detach_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., history: _Optional[_Iterable[_Union[HistoryMessage, _Mapping]]] = ..., history_policy: _Optional[_Union[HistoryPolicy, str]] = ..., first_input: _Optional[_Union[UserInput, _Mapping]] = ..., find_request: bool = ..., after_request_id: _Optional[str] = ..., after_label: _Optional[str] = ...) -> None: ...

class HistoryMessage(_message.Message):
    __slots__ = ("role", "content")
    class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ROLE_UNSPECIFIED: _ClassVar[HistoryMessage.Role]
        ROLE_USER: _ClassVar[HistoryMessage.Role]
        ROLE_ASSISTANT: _ClassVar[HistoryMessage.Role]
    ROLE_UNSPECIFIED: HistoryMessage.Role
    ROLE_USER: HistoryMessage.Role
    ROLE_ASSISTANT: HistoryMessage.Role
    ROLE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    role: HistoryMessage.Role
    content: _containers.RepeatedCompositeFieldContainer[HistoryBlock]
    def __init__(self, role: _Optional[_Union[HistoryMessage.Role, str]] = ..., content: _Optional[_Iterable[_Union[HistoryBlock, _Mapping]]] = ...) -> None: ...

class HistoryBlock(_message.Message):
    __slots__ = ("text", "image", "file", "tool_use", "tool_result")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    TOOL_USE_FIELD_NUMBER: _ClassVar[int]
    TOOL_RESULT_FIELD_NUMBER: _ClassVar[int]
    text: str
    image: _content_pb2.Blob
    file: _content_pb2.Blob
    tool_use: ToolUse
    tool_result: ToolResult
    def __init__(self, text: _Optional[str] = ..., image: _Optional[_Union[_content_pb2.Blob, _Mapping]] = ..., file: _Optional[_Union[_content_pb2.Blob, _Mapping]] = ..., tool_use: _Optional[_Union[ToolUse, _Mapping]] = ..., tool_result: _Optional[_Union[ToolResult, _Mapping]] = ...) -> None: ...

class ToolUse(_message.Message):
    __slots__ = ("tool_use_id", "name", "input_json")
    TOOL_USE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    INPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    tool_use_id: str
    name: str
    input_json: str
    def __init__(self, tool_use_id: _Optional[str] = ..., name: _Optional[str] = ..., input_json: _Optional[str] = ...) -> None: ...

class UserInput(_message.Message):
    __slots__ = ("request_id", "content", "delivery", "options", "fingerprint", "tool_results", "note", "trace_context")
    class Delivery(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DELIVERY_UNSPECIFIED: _ClassVar[UserInput.Delivery]
        DELIVERY_QUEUE: _ClassVar[UserInput.Delivery]
        DELIVERY_STEER: _ClassVar[UserInput.Delivery]
        DELIVERY_INTERRUPT: _ClassVar[UserInput.Delivery]
        DELIVERY_REJECT: _ClassVar[UserInput.Delivery]
    DELIVERY_UNSPECIFIED: UserInput.Delivery
    DELIVERY_QUEUE: UserInput.Delivery
    DELIVERY_STEER: UserInput.Delivery
    DELIVERY_INTERRUPT: UserInput.Delivery
    DELIVERY_REJECT: UserInput.Delivery
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    TOOL_RESULTS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    TRACE_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    content: _containers.RepeatedCompositeFieldContainer[_content_pb2.ContentBlock]
    delivery: UserInput.Delivery
    options: TurnOptions
    fingerprint: str
    tool_results: _containers.RepeatedCompositeFieldContainer[ToolResult]
    note: TurnNote
    trace_context: TraceContext
    def __init__(self, request_id: _Optional[str] = ..., content: _Optional[_Iterable[_Union[_content_pb2.ContentBlock, _Mapping]]] = ..., delivery: _Optional[_Union[UserInput.Delivery, str]] = ..., options: _Optional[_Union[TurnOptions, _Mapping]] = ..., fingerprint: _Optional[str] = ..., tool_results: _Optional[_Iterable[_Union[ToolResult, _Mapping]]] = ..., note: _Optional[_Union[TurnNote, _Mapping]] = ..., trace_context: _Optional[_Union[TraceContext, _Mapping]] = ...) -> None: ...

class TraceContext(_message.Message):
    __slots__ = ("traceparent", "tracestate")
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    TRACESTATE_FIELD_NUMBER: _ClassVar[int]
    traceparent: str
    tracestate: str
    def __init__(self, traceparent: _Optional[str] = ..., tracestate: _Optional[str] = ...) -> None: ...

class TurnNote(_message.Message):
    __slots__ = ("label", "model", "metadata", "body")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    LABEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    label: str
    model: str
    metadata: _containers.ScalarMap[str, str]
    body: str
    def __init__(self, label: _Optional[str] = ..., model: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., body: _Optional[str] = ...) -> None: ...

class TurnOptions(_message.Message):
    __slots__ = ("temperature", "top_p", "max_output_tokens", "stop_sequences", "effort", "tool_choice", "output_schema_json", "allow_retraction")
    class Effort(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        EFFORT_UNSPECIFIED: _ClassVar[TurnOptions.Effort]
        EFFORT_LOW: _ClassVar[TurnOptions.Effort]
        EFFORT_MEDIUM: _ClassVar[TurnOptions.Effort]
        EFFORT_HIGH: _ClassVar[TurnOptions.Effort]
        EFFORT_MAX: _ClassVar[TurnOptions.Effort]
    EFFORT_UNSPECIFIED: TurnOptions.Effort
    EFFORT_LOW: TurnOptions.Effort
    EFFORT_MEDIUM: TurnOptions.Effort
    EFFORT_HIGH: TurnOptions.Effort
    EFFORT_MAX: TurnOptions.Effort
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    TOP_P_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    STOP_SEQUENCES_FIELD_NUMBER: _ClassVar[int]
    EFFORT_FIELD_NUMBER: _ClassVar[int]
    TOOL_CHOICE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SCHEMA_JSON_FIELD_NUMBER: _ClassVar[int]
    ALLOW_RETRACTION_FIELD_NUMBER: _ClassVar[int]
    temperature: float
    top_p: float
    max_output_tokens: int
    stop_sequences: _containers.RepeatedScalarFieldContainer[str]
    effort: TurnOptions.Effort
    tool_choice: ToolChoice
    output_schema_json: str
    allow_retraction: bool
    def __init__(self, temperature: _Optional[float] = ..., top_p: _Optional[float] = ..., max_output_tokens: _Optional[int] = ..., stop_sequences: _Optional[_Iterable[str]] = ..., effort: _Optional[_Union[TurnOptions.Effort, str]] = ..., tool_choice: _Optional[_Union[ToolChoice, _Mapping]] = ..., output_schema_json: _Optional[str] = ..., allow_retraction: bool = ...) -> None: ...

class ToolChoice(_message.Message):
    __slots__ = ("mode", "name", "disable_parallel_calls")
    class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MODE_UNSPECIFIED: _ClassVar[ToolChoice.Mode]
        MODE_AUTO: _ClassVar[ToolChoice.Mode]
        MODE_NONE: _ClassVar[ToolChoice.Mode]
        MODE_REQUIRED: _ClassVar[ToolChoice.Mode]
        MODE_TOOL: _ClassVar[ToolChoice.Mode]
    MODE_UNSPECIFIED: ToolChoice.Mode
    MODE_AUTO: ToolChoice.Mode
    MODE_NONE: ToolChoice.Mode
    MODE_REQUIRED: ToolChoice.Mode
    MODE_TOOL: ToolChoice.Mode
    MODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISABLE_PARALLEL_CALLS_FIELD_NUMBER: _ClassVar[int]
    mode: ToolChoice.Mode
    name: str
    disable_parallel_calls: bool
    def __init__(self, mode: _Optional[_Union[ToolChoice.Mode, str]] = ..., name: _Optional[str] = ..., disable_parallel_calls: bool = ...) -> None: ...

class ToolResult(_message.Message):
    __slots__ = ("tool_call_id", "content", "is_error")
    TOOL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    IS_ERROR_FIELD_NUMBER: _ClassVar[int]
    tool_call_id: str
    content: _containers.RepeatedCompositeFieldContainer[_content_pb2.ContentBlock]
    is_error: bool
    def __init__(self, tool_call_id: _Optional[str] = ..., content: _Optional[_Iterable[_Union[_content_pb2.ContentBlock, _Mapping]]] = ..., is_error: bool = ...) -> None: ...

class PermissionDecision(_message.Message):
    __slots__ = ("permission_id", "allow", "deny")
    PERMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FIELD_NUMBER: _ClassVar[int]
    DENY_FIELD_NUMBER: _ClassVar[int]
    permission_id: str
    allow: PermissionAllow
    deny: PermissionDeny
    def __init__(self, permission_id: _Optional[str] = ..., allow: _Optional[_Union[PermissionAllow, _Mapping]] = ..., deny: _Optional[_Union[PermissionDeny, _Mapping]] = ...) -> None: ...

class PermissionAllow(_message.Message):
    __slots__ = ("updated_input_json", "remember_rules")
    UPDATED_INPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    REMEMBER_RULES_FIELD_NUMBER: _ClassVar[int]
    updated_input_json: str
    remember_rules: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, updated_input_json: _Optional[str] = ..., remember_rules: _Optional[_Iterable[str]] = ...) -> None: ...

class PermissionDeny(_message.Message):
    __slots__ = ("message", "interrupt")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    INTERRUPT_FIELD_NUMBER: _ClassVar[int]
    message: str
    interrupt: bool
    def __init__(self, message: _Optional[str] = ..., interrupt: bool = ...) -> None: ...

class Interrupt(_message.Message):
    __slots__ = ("turn", "request_id")
    TURN_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    turn: int
    request_id: str
    def __init__(self, turn: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class Leave(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UpdateSettings(_message.Message):
    __slots__ = ("model", "permission_mode")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_MODE_FIELD_NUMBER: _ClassVar[int]
    model: str
    permission_mode: _conversation_pb2.PermissionPolicy.Mode
    def __init__(self, model: _Optional[str] = ..., permission_mode: _Optional[_Union[_conversation_pb2.PermissionPolicy.Mode, str]] = ...) -> None: ...
