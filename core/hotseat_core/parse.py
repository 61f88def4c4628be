"""The contract's messages to our values: each breach of its rules is an InvalidMessage that names the field."""

import re
import uuid
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import ParseDict, ParseError
from hotseat.v1 import client_message_pb2 as client
from hotseat.v1 import conversation_pb2 as conversations
from hotseat_serving import trace_context
from hotseat_serving.trace_context import TraceContext

from hotseat_core.conversation.history import Message
from hotseat_core.conversation.recognition import Recognition
from hotseat_core.conversation.terms import Attachment, ConversationSettings, Disposition, HistoryPolicy
from hotseat_core.conversation.turn import Delivery, TurnInput
from hotseat_core.parse_content import history, refuse, seconds_in, user_blocks
from hotseat_core.parse_given import given
from hotseat_core.parse_note import metadata, note
from hotseat_core.parse_tools import schema, tool_choice, tool_results, tools
from hotseat_core.worker.control import is_rule
from hotseat_core.worker.profile import PROFILES
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import PermissionMode, SessionSetup, TurnSetup

_CONVERSATION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}", re.ASCII)
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/\[\]-]{0,127}", re.ASCII)
_WRITTEN_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_MAX_STOP_SEQUENCES = 16
_MAX_FINGERPRINT = 128
_MAX_TOLD_BYTES = 8 * 1024 * 1024

_DISPOSITIONS = {
    client.OpenConversation.DISPOSITION_UNSPECIFIED: Disposition.OPEN_OR_CREATE,
    client.OpenConversation.DISPOSITION_OPEN_OR_CREATE: Disposition.OPEN_OR_CREATE,
    client.OpenConversation.DISPOSITION_OPEN: Disposition.OPEN,
    client.OpenConversation.DISPOSITION_OBSERVE: Disposition.OBSERVE,
    client.OpenConversation.DISPOSITION_TAKE_OVER: Disposition.TAKE_OVER,
}
_POLICIES = {
    client.HISTORY_POLICY_UNSPECIFIED: HistoryPolicy.MATCH,
    client.HISTORY_POLICY_MATCH: HistoryPolicy.MATCH,
    client.HISTORY_POLICY_REQUIRE: HistoryPolicy.REQUIRE,
    client.HISTORY_POLICY_IGNORE: HistoryPolicy.IGNORE,
    client.HISTORY_POLICY_APPEND: HistoryPolicy.APPEND,
}
_DELIVERIES = {
    client.UserInput.DELIVERY_UNSPECIFIED: Delivery.QUEUE,
    client.UserInput.DELIVERY_QUEUE: Delivery.QUEUE,
    client.UserInput.DELIVERY_INTERRUPT: Delivery.INTERRUPT,
    client.UserInput.DELIVERY_REJECT: Delivery.REJECT,
}
_EFFORTS = {
    client.TurnOptions.EFFORT_UNSPECIFIED: "",
    client.TurnOptions.EFFORT_LOW: "low",
    client.TurnOptions.EFFORT_MEDIUM: "medium",
    client.TurnOptions.EFFORT_HIGH: "high",
    client.TurnOptions.EFFORT_MAX: "max",
}
_MODES = {
    conversations.PermissionPolicy.MODE_DENY: PermissionMode.DENY,
    conversations.PermissionPolicy.MODE_ASK: PermissionMode.ASK,
    conversations.PermissionPolicy.MODE_ACCEPT_EDITS: PermissionMode.ACCEPT_EDITS,
    conversations.PermissionPolicy.MODE_BYPASS: PermissionMode.BYPASS,
    conversations.PermissionPolicy.MODE_PLAN: PermissionMode.PLAN,
}


class _Told(NamedTuple):
    """What a client says of how a conversation shall run, with each request anew: as a rule the same."""

    settings: ConversationSettings
    given: frozenset[str]
    weight: int


def conversation_id(text: str, field: str = "conversation_id") -> str:
    """Return the id, if it is one."""
    if not _CONVERSATION_ID.fullmatch(text):
        refuse(field, "must be 1 to 128 of A-Z a-z 0-9 . _ ~ - and begin with a letter or a digit")
    return text


def required_id(text: str) -> str:
    """Return the id, which must be there."""
    if not text:
        refuse("conversation_id", "is missing")
    return conversation_id(text)


def request_id(text: str, field: str = "request_id") -> str:
    """Return the UUID as the journal writes it."""
    if _WRITTEN_UUID.fullmatch(text):
        return text  # as a rule
    try:
        return str(uuid.UUID(text))
    except ValueError:
        refuse(field, "must be a UUID that the client makes for each input")


class Parser:
    """Reads messages under the operator's defaults."""

    def __init__(self, default_profile: str, default_mode: PermissionMode) -> None:
        self._default_profile = default_profile
        self._default_mode = default_mode
        self._messages = Recognition[Message](lambda message: message.weight)
        self._told = Recognition[_Told](lambda told: told.weight, _MAX_TOLD_BYTES)

    def default_settings(self) -> ConversationSettings:
        """Return how a conversation runs of which its client says nothing."""
        return self.settings(conversations.ConversationSettings())

    def settings(self, message: conversations.ConversationSettings) -> ConversationSettings:
        """Return how a conversation shall run."""
        profile = message.profile or self._default_profile
        if profile not in PROFILES:
            refuse("settings.profile", f"must be one of {', '.join(PROFILES)}")
        if message.model and not _MODEL.fullmatch(message.model):
            refuse("settings.model", "is no model name")
        if message.turn_limits.max_cost_usd:
            refuse("settings.turn_limits.max_cost_usd", "is not supported yet")
        policy = message.permission_policy
        return ConversationSettings(
            profile=profile,
            setup=SessionSetup(
                system_prompt=message.system_prompt.text,
                replaces_prompt=message.system_prompt.mode == conversations.SystemPrompt.MODE_REPLACE,
                model=message.model,
                permission_mode=self._mode(policy.mode),
                allow_rules=_rules("allow_rules", policy.allow_rules),
                deny_rules=_rules("deny_rules", policy.deny_rules),
                tools=tools(message.tools),
            ),
            workspace=_workspace(message.workspace, profile),
            output_schema_json=_schema_text(message.output_schema_json),
            decision_timeout_s=seconds_in("settings.permission_policy.decision_timeout", policy.decision_timeout)
            or 300.0,
            max_steps=message.turn_limits.max_steps,
            max_duration_s=seconds_in("settings.turn_limits.max_duration", message.turn_limits.max_duration),
            retention_s=_retention(message.retention) if message.HasField("retention") else None,
            metadata=metadata(message.metadata, "settings.metadata"),
        )

    def settings_json(self, told: dict[str, Any]) -> ConversationSettings:
        """Return how a conversation shall run, from the JSON form of protobuf."""
        try:
            message = ParseDict(told, conversations.ConversationSettings())
        except ParseError as exc:
            refuse("settings", f"can't be read: {exc}")
        return self.settings(message)

    def attachment(self, message: client.OpenConversation) -> tuple[Disposition, Attachment]:
        """Return how the stream wants to take part."""
        if message.disposition not in _DISPOSITIONS:
            refuse("open.disposition", "is unknown")
        if message.history_policy not in _POLICIES:
            refuse("open.history_policy", "is unknown")
        detach = message.detach_timeout
        told = self._told_settings(message.settings) if message.HasField("settings") else None
        attachment = Attachment(
            client_id=message.client_id,
            is_observer=message.disposition == client.OpenConversation.DISPOSITION_OBSERVE,
            settings=told.settings if told is not None else None,
            given=told.given if told is not None else frozenset(),
            history=history(message.history, self._messages),
            history_policy=_POLICIES[message.history_policy],
            after=_after(message),
            after_label=message.after_label,
            detach_timeout_s=seconds_in("open.detach_timeout", detach) if message.HasField("detach_timeout") else None,
            wants_raw=message.include_raw,
        )
        return _DISPOSITIONS[message.disposition], attachment

    def _told_settings(self, message: conversations.ConversationSettings) -> "_Told":
        said = message.SerializeToString()
        return self._told.known(said, lambda: _Told(self.settings(message), given(message), 2 * len(said) + 2048))

    def _mode(self, mode: int) -> PermissionMode:
        if mode == conversations.PermissionPolicy.MODE_UNSPECIFIED:
            return self._default_mode
        found = next((ours for theirs, ours in _MODES.items() if theirs == mode), None)
        if found is None:
            refuse("settings.permission_policy.mode", "is unknown")
        if found is PermissionMode.BYPASS and self._default_mode is not PermissionMode.BYPASS:
            refuse(
                "settings.permission_policy.mode",
                "is BYPASS, which this server allows with HOTSEAT_PERMISSION_MODE=bypass",
            )
        return found


def turn_input(message: client.UserInput) -> TurnInput:
    """Return what the user says."""
    identity = request_id(message.request_id, "user_input.request_id")
    if message.delivery not in _DELIVERIES:
        refuse("user_input.delivery", "is STEER or unknown, which is not supported")
    if not message.content and not message.tool_results:
        refuse("user_input.content", "is empty")
    blocks = (*tool_results(message.tool_results), *user_blocks(message.content, "user_input.content"))
    if len(message.fingerprint) > _MAX_FINGERPRINT:
        refuse("user_input.fingerprint", f"must be {_MAX_FINGERPRINT} characters at most")
    delivery = _DELIVERIES[message.delivery]
    kept = note(message.note, "user_input.note") if message.HasField("note") else None
    options, prompt, said = turn_setup(message.options), Row("user", blocks), message.trace_context
    trace = trace_context.parse(said.traceparent, said.tracestate) if message.HasField("trace_context") else None
    return TurnInput(identity, prompt, options, delivery, message.fingerprint, kept, trace)


def trace_of(metadata: Iterable[tuple[str, str | bytes]] | None) -> TraceContext | None:
    """Return the trace that a call is part of, as its metadata say."""
    said = {name: value for name, value in metadata or () if isinstance(value, str)}
    return trace_context.parse(said.get("traceparent"), said.get("tracestate"))


def _after(message: client.OpenConversation) -> str:
    if not message.after_request_id:
        return ""
    if message.conversation_id:
        refuse("open.after_request_id", "is set, and open.conversation_id too")
    return request_id(message.after_request_id, "open.after_request_id")


def turn_setup(options: client.TurnOptions) -> TurnSetup:
    """Return how the model shall answer one input."""
    for field in ("temperature", "top_p"):
        if options.HasField(field) and not 0 <= getattr(options, field) <= 1:
            refuse(f"user_input.options.{field}", "must be from 0 to 1")
    stops = tuple(options.stop_sequences)
    if len(stops) > _MAX_STOP_SEQUENCES or not all(stops):
        refuse("user_input.options.stop_sequences", f"must be at most {_MAX_STOP_SEQUENCES}, none of them empty")
    if options.effort not in _EFFORTS:
        refuse("user_input.options.effort", "is unknown")
    return TurnSetup(
        temperature=options.temperature if options.HasField("temperature") else None,
        top_p=options.top_p if options.HasField("top_p") else None,
        max_output_tokens=options.max_output_tokens,
        stop_sequences=stops,
        effort=_EFFORTS[options.effort],
        allow_retraction=options.allow_retraction,
        tool_choice=tool_choice(options),
        output=schema(options.output_schema_json, "user_input.options.output_schema_json"),
    )


def _schema_text(text: str) -> str:
    schema(text, "settings.output_schema_json")
    return text


def _rules(name: str, rules: Sequence[str]) -> tuple[str, ...]:
    for index, rule in enumerate(rules):
        if not is_rule(rule):
            refuse(f"settings.permission_policy.{name}[{index}]", "is no rule such as Read or Bash(git log:*)")
    return tuple(rules)


def _workspace(text: str, profile: str) -> str:
    if not text:
        return ""
    if not PROFILES[profile].has_workspace:
        refuse("settings.workspace", f"is set, but profile {profile} has none")
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\0" in text:
        refuse("settings.workspace", 'must be relative and without ".."')
    return text


def _retention(message: Duration) -> float:
    seconds = seconds_in("settings.retention", message)
    if not seconds:
        refuse("settings.retention", "is zero; delete the conversation instead")
    return seconds
