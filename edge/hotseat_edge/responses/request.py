"""A request for a response, as what the core is asked."""

from typing import Any

import msgspec
from google.protobuf.duration_pb2 import Duration
from hotseat import pb

from hotseat_edge.openai.history import Dialogue
from hotseat_edge.openai.idempotency import Identity
from hotseat_edge.openai.names import ModelName
from hotseat_edge.openai.request import EFFORTS, Asked
from hotseat_edge.responses.input import read
from hotseat_edge.responses.schema import ResponseRequest
from hotseat_edge.responses.tools import offer


def build(
    wanted: ResponseRequest, model: ModelName, conversation_id: str, identity: Identity, *, finishes: bool = False
) -> Asked:
    """The opening and the input that this request becomes; finishes: also when its client hangs up."""
    dialogue = read(wanted.input, wanted.instructions, goes_on=bool(conversation_id))
    options, adjusted = _options(wanted)
    offered, left_out = offer(wanted.tools, wanted.tool_choice, parallel=wanted.parallel_tool_calls)
    if offered.choice is not None:
        options.tool_choice.CopyFrom(offered.choice)
    wanted.ignored.extend(left_out)
    settings = pb.ConversationSettings(profile=model.profile, model=model.model, tools=offered.definitions)
    # A lone message in a conversation that the header names goes on with that as it is.
    if dialogue.system or dialogue.history or not conversation_id:
        settings.system_prompt.CopyFrom(pb.SystemPrompt(text=dialogue.system))
        settings.clear_tools = not offered.definitions
    opening = pb.OpenConversation(
        conversation_id=conversation_id,
        disposition=pb.OpenConversation.DISPOSITION_OPEN_OR_CREATE,
        settings=settings,
        # Present and zero: a client that hangs up interrupts its turn.
        detach_timeout=None if finishes else Duration(),
        history=dialogue.history,
        history_policy=pb.HISTORY_POLICY_MATCH,
    )
    return Asked(opening, _input(dialogue, options, identity), adjusted, identity)


def _input(dialogue: Dialogue, options: pb.TurnOptions, identity: Identity) -> pb.UserInput:
    return pb.UserInput(
        content=dialogue.said, tool_results=dialogue.results, options=options, fingerprint=identity.fingerprint
    )


def _options(wanted: ResponseRequest) -> tuple[pb.TurnOptions, list[str]]:
    options = pb.TurnOptions(allow_retraction=not wanted.stream)  # an answer sent whole is sent when it is final
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


def echo(wanted: ResponseRequest) -> dict[str, Any]:
    """The request's fields, as the response tells them back."""
    reasoning, text = wanted.reasoning, wanted.text
    told: dict[str, Any] = {
        "background": False,
        "instructions": wanted.instructions,
        "max_output_tokens": wanted.max_output_tokens,
        "metadata": wanted.metadata or {},
        "parallel_tool_calls": wanted.parallel_tool_calls is not False,
        "previous_response_id": None,
        "reasoning": {
            "effort": reasoning.effort if reasoning else None,
            "summary": (reasoning.summary or reasoning.generate_summary) if reasoning else None,
        },
        "service_tier": "default",
        "store": False,
        "temperature": wanted.temperature,
        "text": {"format": {"type": "text"}, "verbosity": (text.verbosity if text else None) or "medium"},
        "tool_choice": wanted.tool_choice or "auto",
        "tools": [msgspec.to_builtins(spec) for spec in wanted.tools or []],
        "top_logprobs": 0,
        "top_p": wanted.top_p,
        "truncation": "disabled",
    }
    return told | wanted.told_back
