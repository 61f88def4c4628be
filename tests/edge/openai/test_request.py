"""What the core is asked for a chat request."""

import json
from typing import Any

import pytest
from hotseat import pb
from hotseat_edge.openai import request, schema
from hotseat_edge.openai.idempotency import Identity
from hotseat_edge.openai.names import ModelName

IDENTITY = Identity("key", "f1")
SYSTEM = {"role": "system", "content": "be brief"}
LONE = [{"role": "user", "content": "hi"}]
WHOLE = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, *LONE]


def asked(messages: list[dict[str, Any]] = LONE, **fields: Any) -> request.Asked:
    body = json.dumps({"model": "claude/opus", "messages": messages} | fields).encode()
    return request.build(schema.parse(body), ModelName("claude", "opus"), "c1", IDENTITY)


@pytest.mark.parametrize(
    ("messages", "prompt"),
    [
        (LONE, None),
        ([SYSTEM, *LONE], "be brief"),
        (WHOLE, ""),
        ([SYSTEM, *WHOLE], "be brief"),
    ],
)
def test_a_lone_message_keeps_the_system_prompt_and_a_whole_history_says_it(
    messages: list[dict[str, Any]], prompt: str | None
) -> None:
    settings = asked(messages).opening.settings

    assert settings.HasField("system_prompt") is (prompt is not None)
    assert settings.system_prompt == pb.SystemPrompt(text=prompt or "")


def test_the_opening_is_for_any_conversation_and_interrupts_when_the_client_leaves() -> None:
    opening = asked().opening

    assert (opening.conversation_id, opening.settings.profile, opening.settings.model) == ("c1", "claude", "opus")
    assert opening.disposition == pb.OpenConversation.DISPOSITION_OPEN_OR_CREATE
    assert opening.HasField("detach_timeout")


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({}, pb.TurnOptions()),
        ({"temperature": 0}, pb.TurnOptions(temperature=0)),
        ({"temperature": 0.7, "top_p": 0}, pb.TurnOptions(temperature=0.7, top_p=0)),
        ({"max_tokens": 5}, pb.TurnOptions(max_output_tokens=5)),
        ({"max_tokens": 5, "max_completion_tokens": 6}, pb.TurnOptions(max_output_tokens=6)),
        ({"stop": "a"}, pb.TurnOptions(stop_sequences=["a"])),
        ({"stop": ["a", "b"]}, pb.TurnOptions(stop_sequences=["a", "b"])),
        ({"reasoning_effort": "none"}, pb.TurnOptions(effort=pb.TurnOptions.EFFORT_LOW)),
        ({"reasoning_effort": "medium"}, pb.TurnOptions(effort=pb.TurnOptions.EFFORT_MEDIUM)),
        ({"reasoning_effort": "xhigh"}, pb.TurnOptions(effort=pb.TurnOptions.EFFORT_MAX)),
    ],
)
def test_each_field_becomes_an_option(fields: dict[str, Any], options: pb.TurnOptions) -> None:
    assert asked(stream=True, **fields).input.options == options


def test_a_temperature_above_the_models_scale_is_its_highest_and_is_told() -> None:
    hot = asked(temperature=1.5)
    assert (hot.input.options.temperature, hot.adjusted) == (1.0, ["temperature"])


def test_only_an_answer_that_is_sent_whole_may_take_text_back() -> None:
    assert asked(stream=False).input.options.allow_retraction
    assert not asked(stream=True).input.options.allow_retraction
