"""A request for a response, as what the core is asked."""

from typing import Any

import msgspec
from google.protobuf.duration_pb2 import Duration
from hotseat import pb

from hotseat_edge.openai.errors import ApiError, invalid
from hotseat_edge.openai.idempotency import Identity
from hotseat_edge.openai.names import CONVERSATION_HEADER, ModelName
from hotseat_edge.openai.output_format import JsonSchema, ResponseFormat, encoded, schema_text
from hotseat_edge.openai.request import EFFORTS, Asked
from hotseat_edge.responses.ids import request_of
from hotseat_edge.responses.input import read, system_texts
from hotseat_edge.responses.notes import LABEL, Kept
from hotseat_edge.responses.schema import TOLD_BACK, ResponseRequest, TextFormat
from hotseat_edge.responses.tools import offer

_OPEN = pb.OpenConversation.DISPOSITION_OPEN
_OPEN_OR_CREATE = pb.OpenConversation.DISPOSITION_OPEN_OR_CREATE
_PARAMS = {
    "user_input.options.output_schema_json": "text.format.schema",
    "user_input.options.tool_choice": "tool_choice",
    "user_input.tool_results": "input",
    "open.after_request_id": "previous_response_id",
}


def build(
    wanted: ResponseRequest, model: ModelName, conversation_id: str, identity: Identity, *, finishes: bool = False
) -> Asked:
    """The opening and the input that this request becomes; finishes: also when its client hangs up.

    conversation_id: that the request belongs to, by whichever name.
    """
    after = _previous(wanted, conversation_id)
    dialogue = read(wanted.input, wanted.instructions, goes_on=bool(conversation_id or after))
    options, adjusted = _options(wanted)
    offered, left_out = offer(wanted.tools, wanted.tool_choice, parallel=wanted.parallel_tool_calls)
    if offered.choice is not None:
        options.tool_choice.CopyFrom(offered.choice)
    wanted.ignored.extend(left_out)
    settings = pb.ConversationSettings(profile=model.profile, model=model.model, tools=offered.definitions)
    # Instructions and tools are a response's own. But a lone message to a conversation that the header names goes on
    # with that as it is, as in a chat.
    if dialogue.system or dialogue.history or not conversation_id or wanted.conversation_id:
        settings.system_prompt.CopyFrom(pb.SystemPrompt(text=dialogue.system))
        settings.clear_tools = not offered.definitions
    opening = pb.OpenConversation(
        conversation_id=conversation_id,
        disposition=_OPEN if wanted.conversation_id else _OPEN_OR_CREATE,
        settings=settings,
        # Present and zero: a client that hangs up interrupts its turn.
        detach_timeout=None if finishes or wanted.background else Duration(),
        history=dialogue.history,
        history_policy=pb.HISTORY_POLICY_APPEND if after or wanted.conversation_id else pb.HISTORY_POLICY_MATCH,
        after_request_id=after,
        after_label=LABEL if after else "",
    )
    said = pb.UserInput(
        content=dialogue.said, tool_results=dialogue.results, options=options, fingerprint=identity.fingerprint
    )
    return Asked(opening, said, adjusted, identity, _PARAMS)


def _previous(wanted: ResponseRequest, conversation_id: str) -> str:
    """The request that the response goes on from; empty: none. Raises ApiError."""
    if not wanted.previous_response_id:
        return ""
    if conversation_id:
        message = f"previous_response_id and {CONVERSATION_HEADER} exclude each other: send one of them"
        raise invalid("previous_response_id", message, "mutually_exclusive_parameters")
    found = request_of(wanted.previous_response_id)
    if found is None:
        raise previous_not_found(wanted.previous_response_id)
    return found


def previous_not_found(name: str) -> ApiError:
    """The error where a response is to go on from one that there is not."""
    message = f"Previous response with id '{name[:100]}' not found."
    return ApiError(message, status=404, code="previous_response_not_found", param="previous_response_id")


def kept(wanted: ResponseRequest, created_at: int, said_count: int) -> Kept:
    """What is kept of the request with its response."""
    return Kept(
        model=wanted.model,
        created_at=created_at,
        echo=echo(wanted),
        conversation=wanted.conversation_id,
        background=bool(wanted.background),
        summary=wanted.wants_summary,
        said_count=said_count,
        system=system_texts(wanted.input),
    )


def _options(wanted: ResponseRequest) -> tuple[pb.TurnOptions, list[str]]:
    # An answer sent whole is sent when it is final; one in the background may be streamed at any time.
    options = pb.TurnOptions(allow_retraction=not (wanted.stream or wanted.background))
    options.output_schema_json = _schema_text(wanted.text.format if wanted.text is not None else None)
    adjusted = []
    if wanted.temperature is not None:
        options.temperature = min(wanted.temperature, 1.0)  # OpenAI's scale ends at 2, the model's at 1
        if wanted.temperature > 1.0:
            adjusted.append("temperature")
    if wanted.top_p is not None:
        options.top_p = wanted.top_p
    if wanted.max_output_tokens is not None:
        options.max_output_tokens = wanted.max_output_tokens
    if wanted.reasoning is not None and wanted.reasoning.effort is not None:
        options.effort = EFFORTS[wanted.reasoning.effort]
    return options, adjusted


def _schema_text(form: TextFormat | None) -> str:
    match form:
        case None | TextFormat(type="text"):
            return ""
        case TextFormat(type="json_object"):
            return schema_text(ResponseFormat("json_object"))
        case TextFormat(type="json_schema"):
            return encoded(JsonSchema(form.name, form.schema, form.description, form.strict), "text.format")
    raise invalid("text.format.type", "text.format.type must be text, json_object or json_schema")


def echo(wanted: ResponseRequest) -> dict[str, Any]:
    """The request's fields, as the response tells them back."""
    reasoning, text = wanted.reasoning, wanted.text
    told: dict[str, Any] = {
        "background": bool(wanted.background),
        "instructions": wanted.instructions,
        "max_output_tokens": wanted.max_output_tokens,
        "metadata": wanted.metadata or {},
        "parallel_tool_calls": wanted.parallel_tool_calls is not False,
        "previous_response_id": wanted.previous_response_id,
        "reasoning": {
            "effort": reasoning.effort if reasoning else None,
            "summary": (reasoning.summary or reasoning.generate_summary) if reasoning else None,
        },
        "service_tier": "default",
        "store": wanted.is_kept,
        "temperature": wanted.temperature,
        "text": {
            "format": msgspec.to_builtins(text.format) if text and text.format else {"type": "text"},
            "verbosity": (text.verbosity if text else None) or "medium",
        },
        "tool_choice": wanted.tool_choice or "auto",
        "tools": [msgspec.to_builtins(spec) for spec in wanted.tools or []],
        "top_logprobs": 0,
        "top_p": wanted.top_p,
        "truncation": wanted.truncation or "disabled",
    }
    own = {name: value for name in TOLD_BACK if (value := getattr(wanted, name)) is not None}
    return told | own
