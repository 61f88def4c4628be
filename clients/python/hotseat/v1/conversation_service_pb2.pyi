import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hotseat.v1 import client_message_pb2 as _client_message_pb2
from hotseat.v1 import content_pb2 as _content_pb2
from hotseat.v1 import conversation_pb2 as _conversation_pb2
from hotseat.v1 import server_event_pb2 as _server_event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ConverseRequest(_message.Message):
    __slots__ = ("open", "user_input", "tool_result", "permission_decision", "interrupt", "update_settings", "leave")
    OPEN_FIELD_NUMBER: _ClassVar[int]
    USER_INPUT_FIELD_NUMBER: _ClassVar[int]
    TOOL_RESULT_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_DECISION_FIELD_NUMBER: _ClassVar[int]
    INTERRUPT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_SETTINGS_FIELD_NUMBER: _ClassVar[int]
    LEAVE_FIELD_NUMBER: _ClassVar[int]
    open: _client_message_pb2.OpenConversation
    user_input: _client_message_pb2.UserInput
    tool_result: _client_message_pb2.ToolResult
    permission_decision: _client_message_pb2.PermissionDecision
    interrupt: _client_message_pb2.Interrupt
    update_settings: _client_message_pb2.UpdateSettings
    leave: _client_message_pb2.Leave
    def __init__(self, open: _Optional[_Union[_client_message_pb2.OpenConversation, _Mapping]] = ..., user_input: _Optional[_Union[_client_message_pb2.UserInput, _Mapping]] = ..., tool_result: _Optional[_Union[_client_message_pb2.ToolResult, _Mapping]] = ..., permission_decision: _Optional[_Union[_client_message_pb2.PermissionDecision, _Mapping]] = ..., interrupt: _Optional[_Union[_client_message_pb2.Interrupt, _Mapping]] = ..., update_settings: _Optional[_Union[_client_message_pb2.UpdateSettings, _Mapping]] = ..., leave: _Optional[_Union[_client_message_pb2.Leave, _Mapping]] = ...) -> None: ...

class ConverseResponse(_message.Message):
    __slots__ = ("sequence", "turn", "text_delta", "thinking_delta", "tool_input_delta", "heartbeat", "ready", "turn_started", "tool_started", "tool_input_completed", "tool_completed", "tool_call", "permission_request", "requests_cancelled", "usage", "notice", "turn_completed", "input_rejected", "go_away", "raw", "text_retracted", "input_queued", "event_time")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    TEXT_DELTA_FIELD_NUMBER: _ClassVar[int]
    THINKING_DELTA_FIELD_NUMBER: _ClassVar[int]
    TOOL_INPUT_DELTA_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    TURN_STARTED_FIELD_NUMBER: _ClassVar[int]
    TOOL_STARTED_FIELD_NUMBER: _ClassVar[int]
    TOOL_INPUT_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    TOOL_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_REQUEST_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_CANCELLED_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    TURN_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    INPUT_REJECTED_FIELD_NUMBER: _ClassVar[int]
    GO_AWAY_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    TEXT_RETRACTED_FIELD_NUMBER: _ClassVar[int]
    INPUT_QUEUED_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    turn: int
    text_delta: _server_event_pb2.TextDelta
    thinking_delta: _server_event_pb2.ThinkingDelta
    tool_input_delta: _server_event_pb2.ToolInputDelta
    heartbeat: _server_event_pb2.Heartbeat
    ready: _server_event_pb2.Ready
    turn_started: _server_event_pb2.TurnStarted
    tool_started: _server_event_pb2.ToolStarted
    tool_input_completed: _server_event_pb2.ToolInputCompleted
    tool_completed: _server_event_pb2.ToolCompleted
    tool_call: _server_event_pb2.ToolCall
    permission_request: _server_event_pb2.PermissionRequest
    requests_cancelled: _server_event_pb2.RequestsCancelled
    usage: _content_pb2.Usage
    notice: _server_event_pb2.Notice
    turn_completed: _server_event_pb2.TurnCompleted
    input_rejected: _server_event_pb2.InputRejected
    go_away: _server_event_pb2.GoAway
    raw: _server_event_pb2.RawMessage
    text_retracted: _server_event_pb2.TextRetracted
    input_queued: _server_event_pb2.InputQueued
    event_time: _timestamp_pb2.Timestamp
    def __init__(self, sequence: _Optional[int] = ..., turn: _Optional[int] = ..., text_delta: _Optional[_Union[_server_event_pb2.TextDelta, _Mapping]] = ..., thinking_delta: _Optional[_Union[_server_event_pb2.ThinkingDelta, _Mapping]] = ..., tool_input_delta: _Optional[_Union[_server_event_pb2.ToolInputDelta, _Mapping]] = ..., heartbeat: _Optional[_Union[_server_event_pb2.Heartbeat, _Mapping]] = ..., ready: _Optional[_Union[_server_event_pb2.Ready, _Mapping]] = ..., turn_started: _Optional[_Union[_server_event_pb2.TurnStarted, _Mapping]] = ..., tool_started: _Optional[_Union[_server_event_pb2.ToolStarted, _Mapping]] = ..., tool_input_completed: _Optional[_Union[_server_event_pb2.ToolInputCompleted, _Mapping]] = ..., tool_completed: _Optional[_Union[_server_event_pb2.ToolCompleted, _Mapping]] = ..., tool_call: _Optional[_Union[_server_event_pb2.ToolCall, _Mapping]] = ..., permission_request: _Optional[_Union[_server_event_pb2.PermissionRequest, _Mapping]] = ..., requests_cancelled: _Optional[_Union[_server_event_pb2.RequestsCancelled, _Mapping]] = ..., usage: _Optional[_Union[_content_pb2.Usage, _Mapping]] = ..., notice: _Optional[_Union[_server_event_pb2.Notice, _Mapping]] = ..., turn_completed: _Optional[_Union[_server_event_pb2.TurnCompleted, _Mapping]] = ..., input_rejected: _Optional[_Union[_server_event_pb2.InputRejected, _Mapping]] = ..., go_away: _Optional[_Union[_server_event_pb2.GoAway, _Mapping]] = ..., raw: _Optional[_Union[_server_event_pb2.RawMessage, _Mapping]] = ..., text_retracted: _Optional[_Union[_server_event_pb2.TextRetracted, _Mapping]] = ..., input_queued: _Optional[_Union[_server_event_pb2.InputQueued, _Mapping]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetConversationRequest(_message.Message):
    __slots__ = ("conversation_id",)
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    def __init__(self, conversation_id: _Optional[str] = ...) -> None: ...

class GetConversationResponse(_message.Message):
    __slots__ = ("conversation",)
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    conversation: _conversation_pb2.Conversation
    def __init__(self, conversation: _Optional[_Union[_conversation_pb2.Conversation, _Mapping]] = ...) -> None: ...

class ListConversationsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "states")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    states: _containers.RepeatedScalarFieldContainer[_conversation_pb2.Conversation.State]
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., states: _Optional[_Iterable[_Union[_conversation_pb2.Conversation.State, str]]] = ...) -> None: ...

class ListConversationsResponse(_message.Message):
    __slots__ = ("conversations", "next_page_token")
    CONVERSATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    conversations: _containers.RepeatedCompositeFieldContainer[_conversation_pb2.Conversation]
    next_page_token: str
    def __init__(self, conversations: _Optional[_Iterable[_Union[_conversation_pb2.Conversation, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeleteConversationRequest(_message.Message):
    __slots__ = ("conversation_id", "allow_missing", "only_if_idle")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    ALLOW_MISSING_FIELD_NUMBER: _ClassVar[int]
    ONLY_IF_IDLE_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    allow_missing: bool
    only_if_idle: bool
    def __init__(self, conversation_id: _Optional[str] = ..., allow_missing: bool = ..., only_if_idle: bool = ...) -> None: ...

class DeleteConversationResponse(_message.Message):
    __slots__ = ("worker_id",)
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    def __init__(self, worker_id: _Optional[str] = ...) -> None: ...

class ForkConversationRequest(_message.Message):
    __slots__ = ("conversation_id", "turn", "new_conversation_id")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    NEW_CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    turn: int
    new_conversation_id: str
    def __init__(self, conversation_id: _Optional[str] = ..., turn: _Optional[int] = ..., new_conversation_id: _Optional[str] = ...) -> None: ...

class ForkConversationResponse(_message.Message):
    __slots__ = ("conversation",)
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    conversation: _conversation_pb2.Conversation
    def __init__(self, conversation: _Optional[_Union[_conversation_pb2.Conversation, _Mapping]] = ...) -> None: ...

class GetTurnRequest(_message.Message):
    __slots__ = ("conversation_id", "turn", "request_id", "fingerprint", "include_output")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    turn: int
    request_id: str
    fingerprint: str
    include_output: bool
    def __init__(self, conversation_id: _Optional[str] = ..., turn: _Optional[int] = ..., request_id: _Optional[str] = ..., fingerprint: _Optional[str] = ..., include_output: bool = ...) -> None: ...

class GetTurnResponse(_message.Message):
    __slots__ = ("turn", "conversation_id", "start_sequence", "log_id")
    TURN_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    START_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LOG_ID_FIELD_NUMBER: _ClassVar[int]
    turn: _server_event_pb2.Turn
    conversation_id: str
    start_sequence: int
    log_id: str
    def __init__(self, turn: _Optional[_Union[_server_event_pb2.Turn, _Mapping]] = ..., conversation_id: _Optional[str] = ..., start_sequence: _Optional[int] = ..., log_id: _Optional[str] = ...) -> None: ...

class ListNotedTurnsRequest(_message.Message):
    __slots__ = ("label", "model", "metadata", "page_size", "page_token", "latest_first")
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
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    LATEST_FIRST_FIELD_NUMBER: _ClassVar[int]
    label: str
    model: str
    metadata: _containers.ScalarMap[str, str]
    page_size: int
    page_token: str
    latest_first: bool
    def __init__(self, label: _Optional[str] = ..., model: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., latest_first: bool = ...) -> None: ...

class ListNotedTurnsResponse(_message.Message):
    __slots__ = ("turns", "next_page_token")
    TURNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    turns: _containers.RepeatedCompositeFieldContainer[GetTurnResponse]
    next_page_token: str
    def __init__(self, turns: _Optional[_Iterable[_Union[GetTurnResponse, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateTurnNoteRequest(_message.Message):
    __slots__ = ("request_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    note: _client_message_pb2.TurnNote
    def __init__(self, request_id: _Optional[str] = ..., note: _Optional[_Union[_client_message_pb2.TurnNote, _Mapping]] = ...) -> None: ...

class UpdateTurnNoteResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UpdateConversationRequest(_message.Message):
    __slots__ = ("conversation_id", "metadata", "set_metadata", "messages")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SET_METADATA_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    metadata: _containers.ScalarMap[str, str]
    set_metadata: bool
    messages: _containers.RepeatedCompositeFieldContainer[_client_message_pb2.HistoryMessage]
    def __init__(self, conversation_id: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., set_metadata: bool = ..., messages: _Optional[_Iterable[_Union[_client_message_pb2.HistoryMessage, _Mapping]]] = ...) -> None: ...

class UpdateConversationResponse(_message.Message):
    __slots__ = ("conversation",)
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    conversation: _conversation_pb2.Conversation
    def __init__(self, conversation: _Optional[_Union[_conversation_pb2.Conversation, _Mapping]] = ...) -> None: ...

class ListTurnsRequest(_message.Message):
    __slots__ = ("conversation_id", "page_size", "page_token")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    page_size: int
    page_token: str
    def __init__(self, conversation_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTurnsResponse(_message.Message):
    __slots__ = ("turns", "next_page_token")
    TURNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    turns: _containers.RepeatedCompositeFieldContainer[_server_event_pb2.Turn]
    next_page_token: str
    def __init__(self, turns: _Optional[_Iterable[_Union[_server_event_pb2.Turn, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListMessagesRequest(_message.Message):
    __slots__ = ("conversation_id", "page_size", "page_token", "latest_first", "request_id")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    LATEST_FIRST_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    page_size: int
    page_token: str
    latest_first: bool
    request_id: str
    def __init__(self, conversation_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., latest_first: bool = ..., request_id: _Optional[str] = ...) -> None: ...

class ListMessagesResponse(_message.Message):
    __slots__ = ("messages", "next_page_token")
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[ConversationMessage]
    next_page_token: str
    def __init__(self, messages: _Optional[_Iterable[_Union[ConversationMessage, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ConversationMessage(_message.Message):
    __slots__ = ("message_id", "role", "content", "turn", "outcome", "create_time")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    role: _client_message_pb2.HistoryMessage.Role
    content: _containers.RepeatedCompositeFieldContainer[_client_message_pb2.HistoryBlock]
    turn: int
    outcome: _server_event_pb2.TurnCompleted.Outcome
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, message_id: _Optional[str] = ..., role: _Optional[_Union[_client_message_pb2.HistoryMessage.Role, str]] = ..., content: _Optional[_Iterable[_Union[_client_message_pb2.HistoryBlock, _Mapping]]] = ..., turn: _Optional[int] = ..., outcome: _Optional[_Union[_server_event_pb2.TurnCompleted.Outcome, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExportConversationRequest(_message.Message):
    __slots__ = ("conversation_id",)
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    def __init__(self, conversation_id: _Optional[str] = ...) -> None: ...

class ExportConversationResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class ImportConversationRequest(_message.Message):
    __slots__ = ("conversation_id", "data")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    data: bytes
    def __init__(self, conversation_id: _Optional[str] = ..., data: _Optional[bytes] = ...) -> None: ...

class ImportConversationResponse(_message.Message):
    __slots__ = ("conversation",)
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    conversation: _conversation_pb2.Conversation
    def __init__(self, conversation: _Optional[_Union[_conversation_pb2.Conversation, _Mapping]] = ...) -> None: ...

class ListProfilesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListProfilesResponse(_message.Message):
    __slots__ = ("profiles",)
    PROFILES_FIELD_NUMBER: _ClassVar[int]
    profiles: _containers.RepeatedCompositeFieldContainer[_conversation_pb2.Profile]
    def __init__(self, profiles: _Optional[_Iterable[_Union[_conversation_pb2.Profile, _Mapping]]] = ...) -> None: ...

class Workspace(_message.Message):
    __slots__ = ("workspace_id", "name", "conversation_ids", "disk_bytes", "update_time")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_IDS_FIELD_NUMBER: _ClassVar[int]
    DISK_BYTES_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    name: str
    conversation_ids: _containers.RepeatedScalarFieldContainer[str]
    disk_bytes: int
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, workspace_id: _Optional[str] = ..., name: _Optional[str] = ..., conversation_ids: _Optional[_Iterable[str]] = ..., disk_bytes: _Optional[int] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListWorkspacesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListWorkspacesResponse(_message.Message):
    __slots__ = ("workspaces", "next_page_token")
    WORKSPACES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    workspaces: _containers.RepeatedCompositeFieldContainer[Workspace]
    next_page_token: str
    def __init__(self, workspaces: _Optional[_Iterable[_Union[Workspace, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeleteWorkspaceRequest(_message.Message):
    __slots__ = ("workspace",)
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    workspace: str
    def __init__(self, workspace: _Optional[str] = ...) -> None: ...

class DeleteWorkspaceResponse(_message.Message):
    __slots__ = ("is_deleted", "conversation_ids")
    IS_DELETED_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_IDS_FIELD_NUMBER: _ClassVar[int]
    is_deleted: bool
    conversation_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, is_deleted: bool = ..., conversation_ids: _Optional[_Iterable[str]] = ...) -> None: ...
