"""Our values to the contract's messages."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from hotseat.v1 import client_message_pb2 as client
from hotseat.v1 import content_pb2 as content
from hotseat.v1 import conversation_pb2 as conversations
from hotseat.v1 import conversation_service_pb2 as service
from hotseat.v1 import error_pb2 as errors
from hotseat.v1 import server_event_pb2 as events
from hotseat_serving.scrub import scrub

from hotseat_core import events as ours
from hotseat_core.conversation.log import Entry
from hotseat_core.conversation.summary import Summary
from hotseat_core.conversation.terms import ConversationSettings, Queued
from hotseat_core.conversation.turn import TurnRecord
from hotseat_core.worker.profile import Profile
from hotseat_core.worker.rows import Block
from hotseat_core.worker.setup import PermissionMode

_DELTAS = (ours.TextDelta, ours.ThinkingDelta, ours.ToolInputDelta)

_MODES = {
    PermissionMode.DENY: conversations.PermissionPolicy.MODE_DENY,
    PermissionMode.ASK: conversations.PermissionPolicy.MODE_ASK,
    PermissionMode.ACCEPT_EDITS: conversations.PermissionPolicy.MODE_ACCEPT_EDITS,
    PermissionMode.BYPASS: conversations.PermissionPolicy.MODE_BYPASS,
    PermissionMode.PLAN: conversations.PermissionPolicy.MODE_PLAN,
}


def timestamp(seconds: float) -> Timestamp:
    """Return seconds since the epoch as a Timestamp."""
    return Timestamp(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))


def duration(seconds: float) -> Duration:
    """Return seconds as a Duration."""
    return Duration(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))


# ---- events


def response(entry: Entry) -> service.ConverseResponse:
    """Return the log's entry as the message that tells it."""
    name, convert = _EVENTS[type(entry.event)]
    message = service.ConverseResponse(sequence=entry.sequence, turn=entry.turn, **{name: convert(entry.event)})
    if not isinstance(entry.event, _DELTAS):
        message.event_time.CopyFrom(timestamp(entry.time))
    return message


def usage(spent: ours.Usage) -> content.Usage:
    """Return tokens and money spent."""
    return content.Usage(
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        cache_read_tokens=spent.cache_read_tokens,
        cache_write_tokens=spent.cache_write_tokens,
        cost_usd=spent.cost_usd,
        reasoning_tokens=spent.reasoning_tokens,
    )


def error(failure: ours.Failure) -> errors.Error:
    """Return a failure that leaves the stream usable."""
    message = errors.Error(
        reason=f"ERROR_REASON_{failure.reason.name}",
        message=scrub(failure.message),
        metadata=failure.metadata,
    )
    if failure.retry_delay_s is not None:
        message.retry_delay.CopyFrom(duration(failure.retry_delay_s))
    return message


def _permission_request(event: ours.PermissionRequested) -> events.PermissionRequest:
    return events.PermissionRequest(
        permission_id=event.permission_id,
        tool_use_id=event.tool_use_id,
        tool_name=event.tool_name,
        input_json=event.input_json,
        description=event.description,
        suggested_rules=event.suggested_rules,
        expire_time=timestamp(event.expire_time) if event.expire_time is not None else None,
    )


def turn_completed(event: ours.TurnCompleted) -> events.TurnCompleted:
    """Return the end of a turn."""
    return events.TurnCompleted(
        request_id=event.request_id,
        outcome=event.outcome.value,  # type: ignore[arg-type] # our enum's values are the proto's
        text=event.text,
        usage=usage(event.usage),
        error=error(event.failure) if event.failure is not None else None,
        duration=duration(event.duration_s),
        step_count=event.step_count,
        tool_calls=[_tool_call(call) for call in event.calls],
        structured_output_json=event.output_json,
    )


def input_queued(told: Queued) -> events.InputQueued:
    """Return where an input stands in the queue for workers."""
    wait = duration(told.place.wait_s)
    return events.InputQueued(request_id=told.request_id, position=told.place.position, estimated_wait_duration=wait)


def _tool_call(event: ours.ToolCalled) -> events.ToolCall:
    return events.ToolCall(
        tool_call_id=event.tool_use_id, tool_use_id=event.tool_use_id, name=event.name, input_json=event.input_json
    )


def _turn_started(event: ours.TurnStarted) -> events.TurnStarted:
    return events.TurnStarted(
        request_id=event.request_id,
        model=event.model,
        worker_source=event.worker_source.value,  # type: ignore[arg-type] # our enum's values are the proto's
        queue_duration=duration(event.queue_duration_s),
    )


def _tool_started(event: ours.ToolStarted) -> events.ToolStarted:
    return events.ToolStarted(
        tool_use_id=event.tool_use_id,
        name=event.name,
        block=event.block,
        client_tool=event.client_tool,
        parent_tool_use_id=event.parent_tool_use_id,
    )


def _tool_completed(event: ours.ToolCompleted) -> events.ToolCompleted:
    said = [content.ContentBlock(text=event.text)] if event.text else []
    return events.ToolCompleted(tool_use_id=event.tool_use_id, content=said, is_error=event.is_error)


def _notice(event: ours.Notice) -> events.Notice:
    kind: Any = event.kind.value
    return events.Notice(kind=kind, message=event.message, metadata=event.metadata)


# The field of ConverseResponse, and what makes its message.
_EVENTS: Mapping[type, tuple[str, Callable[[Any], Any]]] = {
    ours.TextDelta: ("text_delta", lambda e: events.TextDelta(text=e.text, block=e.block)),
    ours.ThinkingDelta: ("thinking_delta", lambda e: events.ThinkingDelta(text=e.text, block=e.block)),
    ours.TextRetracted: ("text_retracted", lambda e: events.TextRetracted(block=e.block, kept_length=e.kept_length)),
    ours.ToolStarted: ("tool_started", _tool_started),
    ours.ToolInputDelta: (
        "tool_input_delta",
        lambda e: events.ToolInputDelta(tool_use_id=e.tool_use_id, json=e.json),
    ),
    ours.ToolInputCompleted: (
        "tool_input_completed",
        lambda e: events.ToolInputCompleted(tool_use_id=e.tool_use_id, input_json=e.input_json),
    ),
    ours.ToolCompleted: ("tool_completed", _tool_completed),
    ours.ToolCalled: ("tool_call", _tool_call),
    ours.PermissionRequested: ("permission_request", _permission_request),
    ours.RequestsCancelled: (
        "requests_cancelled",
        lambda e: events.RequestsCancelled(permission_ids=e.permission_ids),
    ),
    ours.UsageReported: ("usage", lambda e: usage(e.usage)),
    ours.Notice: ("notice", _notice),
    ours.TurnStarted: ("turn_started", _turn_started),
    ours.TurnCompleted: ("turn_completed", turn_completed),
}


# ---- things that are read


def conversation(found: Summary) -> conversations.Conversation:
    """Return the conversation as a thing that is listed and read."""
    return conversations.Conversation(
        conversation_id=found.conversation_id,
        state=found.state.value,  # type: ignore[arg-type] # our enum's values are the proto's
        settings=settings(found.settings),
        worker_id=found.worker_id,
        turn_count=found.turn_count,
        usage=usage(found.usage),
        create_time=timestamp(found.create_time),
        update_time=timestamp(found.update_time),
        expire_time=timestamp(found.expire_time) if found.expire_time is not None else None,
    )


def settings(held: ConversationSettings) -> conversations.ConversationSettings:
    """Return how a conversation runs."""
    mode = conversations.SystemPrompt.MODE_REPLACE if held.setup.replaces_prompt else None
    return conversations.ConversationSettings(
        profile=held.profile,
        model=held.setup.model,
        system_prompt=conversations.SystemPrompt(mode=mode, text=held.setup.system_prompt),
        workspace=held.workspace,
        permission_policy=conversations.PermissionPolicy(
            mode=_MODES[held.permission_mode],
            allow_rules=held.setup.allow_rules,
            deny_rules=held.setup.deny_rules,
            decision_timeout=duration(held.decision_timeout_s),
        ),
        output_schema_json=held.output_schema_json,
        turn_limits=conversations.TurnLimits(
            max_steps=held.max_steps,
            max_duration=duration(held.max_duration_s) if held.max_duration_s else None,
        ),
        retention=duration(held.retention_s) if held.retention_s is not None else None,
        metadata=held.metadata,
        tools=[
            content.ToolDefinition(
                name=tool.name, description=tool.description, input_schema_json=tool.input_schema_json
            )
            for tool in held.setup.tools
        ],
    )


def settings_json(held: ConversationSettings) -> dict[str, Any]:
    """Return how a conversation runs, as the JSON form of protobuf has it."""
    return MessageToDict(settings(held), preserving_proto_field_name=True)


def turn(record: TurnRecord) -> events.Turn:
    """Return the turn as a thing that is listed and read."""
    return events.Turn(
        turn=record.turn,
        request_id=record.request_id,
        input=content_blocks(record.prompt.content),
        start_time=timestamp(record.start_time),
        completed=turn_completed(record.completed) if record.completed is not None else None,
        tool_results=[_tool_result(block) for block in record.prompt.content if block["type"] == "tool_result"],
    )


def _tool_result(block: Block) -> client.ToolResult:
    said = block.get("content") or []
    blocks = content_blocks([{"type": "text", "text": said}] if isinstance(said, str) else said)
    return client.ToolResult(tool_call_id=block["tool_use_id"], content=blocks, is_error=bool(block.get("is_error")))


def content_blocks(blocks: Sequence[Block]) -> list[content.ContentBlock]:
    """Return what a user said; the bytes of pictures and files are left out."""
    found = []
    for block in blocks:
        source = block.get("source") or {}
        blob = content.Blob(media_type=source.get("media_type", ""), filename=block.get("title", ""))
        match block["type"]:
            case "text":
                found.append(content.ContentBlock(text=block["text"]))
            case "image":
                found.append(content.ContentBlock(image=blob))
            case "document":
                found.append(content.ContentBlock(file=blob))
    return found


def profile(offered: Profile) -> conversations.Profile:
    """Return the kind of worker."""
    return conversations.Profile(
        name=offered.name,
        description=offered.description,
        models=offered.models,
        has_workspace=offered.has_workspace,
        context_window=offered.context_window,
        max_output_tokens=offered.max_output_tokens,
    )
