import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hotseat.v1 import content_pb2 as _content_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Conversation(_message.Message):
    __slots__ = ("conversation_id", "state", "settings", "worker_id", "session_id", "turn_count", "usage", "create_time", "update_time", "expire_time")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Conversation.State]
        STATE_COLD: _ClassVar[Conversation.State]
        STATE_IDLE: _ClassVar[Conversation.State]
        STATE_RUNNING: _ClassVar[Conversation.State]
        STATE_REQUIRES_ACTION: _ClassVar[Conversation.State]
    STATE_UNSPECIFIED: Conversation.State
    STATE_COLD: Conversation.State
    STATE_IDLE: Conversation.State
    STATE_RUNNING: Conversation.State
    STATE_REQUIRES_ACTION: Conversation.State
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    TURN_COUNT_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    state: Conversation.State
    settings: ConversationSettings
    worker_id: str
    session_id: str
    turn_count: int
    usage: _content_pb2.Usage
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, conversation_id: _Optional[str] = ..., state: _Optional[_Union[Conversation.State, str]] = ..., settings: _Optional[_Union[ConversationSettings, _Mapping]] = ..., worker_id: _Optional[str] = ..., session_id: _Optional[str] = ..., turn_count: _Optional[int] = ..., usage: _Optional[_Union[_content_pb2.Usage, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ConversationSettings(_message.Message):
    __slots__ = ("model", "system_prompt", "workspace", "permission_policy", "tools", "output_schema_json", "turn_limits", "profile", "retention", "clear_tools", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_PROMPT_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_POLICY_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SCHEMA_JSON_FIELD_NUMBER: _ClassVar[int]
    TURN_LIMITS_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    CLEAR_TOOLS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    model: str
    system_prompt: SystemPrompt
    workspace: str
    permission_policy: PermissionPolicy
    tools: _containers.RepeatedCompositeFieldContainer[_content_pb2.ToolDefinition]
    output_schema_json: str
    turn_limits: TurnLimits
    profile: str
    retention: _duration_pb2.Duration
    clear_tools: bool
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, model: _Optional[str] = ..., system_prompt: _Optional[_Union[SystemPrompt, _Mapping]] = ..., workspace: _Optional[str] = ..., permission_policy: _Optional[_Union[PermissionPolicy, _Mapping]] = ..., tools: _Optional[_Iterable[_Union[_content_pb2.ToolDefinition, _Mapping]]] = ..., output_schema_json: _Optional[str] = ..., turn_limits: _Optional[_Union[TurnLimits, _Mapping]] = ..., profile: _Optional[str] = ..., retention: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., clear_tools: bool = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Profile(_message.Message):
    __slots__ = ("name", "description", "models", "has_workspace", "context_window", "max_output_tokens")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    HAS_WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_WINDOW_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    models: _containers.RepeatedScalarFieldContainer[str]
    has_workspace: bool
    context_window: int
    max_output_tokens: int
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., models: _Optional[_Iterable[str]] = ..., has_workspace: bool = ..., context_window: _Optional[int] = ..., max_output_tokens: _Optional[int] = ...) -> None: ...

class SystemPrompt(_message.Message):
    __slots__ = ("mode", "text")
    class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MODE_UNSPECIFIED: _ClassVar[SystemPrompt.Mode]
        MODE_APPEND: _ClassVar[SystemPrompt.Mode]
        MODE_REPLACE: _ClassVar[SystemPrompt.Mode]
    MODE_UNSPECIFIED: SystemPrompt.Mode
    MODE_APPEND: SystemPrompt.Mode
    MODE_REPLACE: SystemPrompt.Mode
    MODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    mode: SystemPrompt.Mode
    text: str
    def __init__(self, mode: _Optional[_Union[SystemPrompt.Mode, str]] = ..., text: _Optional[str] = ...) -> None: ...

class PermissionPolicy(_message.Message):
    __slots__ = ("mode", "allow_rules", "deny_rules", "decision_timeout")
    class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MODE_UNSPECIFIED: _ClassVar[PermissionPolicy.Mode]
        MODE_DENY: _ClassVar[PermissionPolicy.Mode]
        MODE_ASK: _ClassVar[PermissionPolicy.Mode]
        MODE_ACCEPT_EDITS: _ClassVar[PermissionPolicy.Mode]
        MODE_BYPASS: _ClassVar[PermissionPolicy.Mode]
        MODE_PLAN: _ClassVar[PermissionPolicy.Mode]
    MODE_UNSPECIFIED: PermissionPolicy.Mode
    MODE_DENY: PermissionPolicy.Mode
    MODE_ASK: PermissionPolicy.Mode
    MODE_ACCEPT_EDITS: PermissionPolicy.Mode
    MODE_BYPASS: PermissionPolicy.Mode
    MODE_PLAN: PermissionPolicy.Mode
    MODE_FIELD_NUMBER: _ClassVar[int]
    ALLOW_RULES_FIELD_NUMBER: _ClassVar[int]
    DENY_RULES_FIELD_NUMBER: _ClassVar[int]
    DECISION_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    mode: PermissionPolicy.Mode
    allow_rules: _containers.RepeatedScalarFieldContainer[str]
    deny_rules: _containers.RepeatedScalarFieldContainer[str]
    decision_timeout: _duration_pb2.Duration
    def __init__(self, mode: _Optional[_Union[PermissionPolicy.Mode, str]] = ..., allow_rules: _Optional[_Iterable[str]] = ..., deny_rules: _Optional[_Iterable[str]] = ..., decision_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class TurnLimits(_message.Message):
    __slots__ = ("max_steps", "max_duration", "max_cost_usd")
    MAX_STEPS_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_FIELD_NUMBER: _ClassVar[int]
    MAX_COST_USD_FIELD_NUMBER: _ClassVar[int]
    max_steps: int
    max_duration: _duration_pb2.Duration
    max_cost_usd: float
    def __init__(self, max_steps: _Optional[int] = ..., max_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_cost_usd: _Optional[float] = ...) -> None: ...
