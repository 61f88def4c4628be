"""Which requests are taken, and what is said about the others."""

import json
from typing import Any

import pytest
from hotseat_edge.openai import schema
from hotseat_edge.openai.errors import ApiError
from openai.types.chat.completion_create_params import CompletionCreateParamsBase

MESSAGES = [{"role": "user", "content": "hi"}]
GOOD: dict[str, Any] = {"model": "claude", "messages": MESSAGES}


def refused(body: bytes) -> tuple[int, str | None, str | None]:
    with pytest.raises(ApiError) as caught:
        schema.parse(body)
    assert caught.value.message
    return caught.value.status, caught.value.code, caught.value.param


def parsed(**fields: Any) -> schema.ChatRequest:
    return schema.parse(json.dumps(GOOD | fields).encode())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"{} {}", "invalid_json"),
        (b"not json", "invalid_json"),
        (b"[1]", "invalid_type"),
        (b'"text"', "invalid_type"),
        (b"5", "invalid_type"),
        (b"null", "invalid_type"),
        (b'{"model":"\xff"}', "invalid_json"),
        (b'{"unknown":"\xff"}', "invalid_json"),
        (b'\xef\xbb\xbf{"model":"claude"}', "invalid_json"),
        ('{"model":"claude"}'.encode("utf-16"), "invalid_json"),
        (b'{"temperature":NaN}', "invalid_json"),
        (b'{"temperature":Infinity}', "invalid_json"),
        (b'{"temperature":1e400}', "invalid_json"),
        (b'{"unknown":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "invalid_json"),
        (rb'{"model":"claude","messages":[{"role":"user","content":"\ud800 alone"}]}', "invalid_unicode"),
        (rb'{"model":"claude","messages":[{"role":"user","content":"\udc00 alone"}]}', "invalid_unicode"),
        (rb'{"model":"claude","messages":[{"role":"user","content":"\ud800"}]}', "invalid_unicode"),
    ],
)
def test_a_body_that_is_no_json_object(body: bytes, code: str) -> None:
    assert refused(body) == (400, code, None)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"model": None}, "invalid_type", "model"),
        ({"model": 5}, "invalid_type", "model"),
        ({"model": ""}, "invalid_value", "model"),
        ({"messages": []}, "invalid_value", "messages"),
        ({"messages": "hi"}, "invalid_type", "messages"),
        ({"messages": MESSAGES * 2049}, "invalid_value", "messages"),
        ({"messages": [5]}, "invalid_type", "messages[0]"),
        ({"messages": [{"role": "alien", "content": "hi"}]}, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": "function", "content": "hi"}]}, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": 5, "content": "hi"}]}, "invalid_type", "messages[0].role"),
        ({"messages": [{"content": "hi"}]}, "missing_required_parameter", "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "missing_required_parameter", "messages[0].content"),
        ({"messages": [{"role": "user", "content": None}]}, "invalid_type", "messages[0].content"),
        ({"messages": [{"role": "user", "content": 5}]}, "invalid_type", "messages[0].content"),
        ({"messages": [{"role": "user", "content": {}}]}, "invalid_type", "messages[0].content"),
        ({"messages": [{"role": "user", "content": []}]}, "invalid_value", "messages[0].content"),
        (
            {"messages": [*MESSAGES, {"role": "user", "content": [{}]}]},
            "missing_required_parameter",
            "messages[1].content[0].type",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "x"}]}]}, "invalid_value", "messages[0].content[0].type"),
        (
            {"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "invalid_value",
            "messages[0].content[0].type",
        ),
        ({"messages": [{"role": "tool", "content": "x"}]}, "missing_required_parameter", "messages[0].tool_call_id"),
        ({"temperature": 9}, "invalid_value", "temperature"),
        ({"temperature": -0.1}, "invalid_value", "temperature"),
        ({"temperature": "hot"}, "invalid_type", "temperature"),
        ({"top_p": 2}, "invalid_value", "top_p"),
        ({"max_tokens": 0}, "invalid_value", "max_tokens"),
        ({"max_tokens": -1}, "invalid_value", "max_tokens"),
        ({"max_tokens": 10**12}, "invalid_value", "max_tokens"),
        ({"max_completion_tokens": 1.5}, "invalid_type", "max_completion_tokens"),
        ({"stream": "yes"}, "invalid_type", "stream"),
        ({"stream": 1}, "invalid_type", "stream"),
        ({"stream_options": {"include_usage": True}}, "invalid_value", "stream_options"),
        ({"stream": True, "stream_options": {"include_usage": "x"}}, "invalid_type", "stream_options.include_usage"),
        ({"stop": ""}, "invalid_value", "stop"),
        ({"stop": ["a", ""]}, "invalid_value", "stop[1]"),
        ({"stop": ["a"] * 17}, "invalid_value", "stop"),
        ({"stop": "x" * 10_000}, "invalid_value", "stop"),
        ({"stop": [5]}, "invalid_type", "stop[0]"),
        ({"reasoning_effort": "heroic"}, "invalid_value", "reasoning_effort"),
        ({"metadata": {str(key): "v" for key in range(17)}}, "invalid_value", "metadata"),
        ({"user": "u" * 10_000}, "invalid_value", "user"),
        ({"frequency_penalty": 3}, "invalid_value", "frequency_penalty"),
        ({"n": 2}, "unsupported_parameter", "n"),
        ({"n": 0}, "unsupported_parameter", "n"),
        ({"logprobs": True}, "unsupported_parameter", "logprobs"),
        ({"top_logprobs": 5}, "unsupported_parameter", "top_logprobs"),
        ({"modalities": ["text", "audio"]}, "unsupported_parameter", "modalities"),
        ({"audio": {"voice": "alloy", "format": "wav"}}, "unsupported_parameter", "audio"),
        ({"response_format": "json"}, "invalid_type", "response_format"),
        ({"response_format": {}}, "missing_required_parameter", "response_format.type"),
        ({"tools": [{"function": {}}]}, "missing_required_parameter", "tools[0].function.name"),
        ({"tools": [{}] * 513}, "invalid_value", "tools"),
        ({"functions": [{}]}, "unsupported_parameter", "functions"),
        ({"tool_choice": "sometimes"}, "invalid_value", "tool_choice"),
        ({"tool_choice": {}}, "missing_required_parameter", "tool_choice.type"),
    ],
)
def test_a_field_that_is_refused_is_named(fields: dict[str, Any], code: str, param: str) -> None:
    assert refused(json.dumps(GOOD | fields).encode()) == (400, code, param)


@pytest.mark.parametrize("missing", ["model", "messages"])
def test_a_field_that_is_missing_is_named(missing: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != missing}
    assert refused(json.dumps(body).encode()) == (400, "missing_required_parameter", missing)


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 1},
        {"logprobs": False, "top_logprobs": 0},
        {"response_format": {"type": "text"}},
        {"tools": [], "tool_choice": "auto"},
        {"functions": [], "function_call": "none", "tool_choice": "none"},
        {"modalities": ["text"], "audio": None},
        {"temperature": None, "top_p": None, "stop": None, "stream": None, "user": None, "n": None},
    ],
)
def test_what_asks_for_nothing_special_is_fine_and_not_worth_listing(fields: dict[str, Any]) -> None:
    assert parsed(**fields).ignored == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("user", "u"),
        ("metadata", {"a": "b"}),
        ("seed", -9007199254740991),
        ("service_tier", "auto"),
        ("prompt_cache_key", "k"),
        ("prompt_cache_options", {"mode": "implicit"}),
        ("safety_identifier", "s"),
        ("frequency_penalty", -2),
        ("presence_penalty", 0.1),
        ("logit_bias", {"50256": -100}),
        ("verbosity", "low"),
        ("prediction", {"type": "content", "content": "x"}),
        ("web_search_options", {}),
        ("made_up", [1, {"a": None}]),
    ],
)
def test_what_changes_nothing_is_ignored_by_name(name: str, value: object) -> None:
    assert parsed(**{name: value}).ignored == [name]


def test_every_field_that_the_sdk_can_send_has_its_place_in_the_table() -> None:
    can_be_sent = {*CompletionCreateParamsBase.__annotations__, "stream"}
    assert can_be_sent - set(schema.TABLE.fields) == set()


def test_names_and_strict_tools_are_ignored_by_name() -> None:
    function = {"name": "add", "parameters": {"type": "object"}, "strict": True}
    named = parsed(
        messages=[{"role": "user", "content": "hi", "name": "ann"}], tools=[{"type": "function", "function": function}]
    )
    assert named.ignored == ["messages[].name", "tools[].function.strict"]


def test_the_last_of_two_equal_keys_counts() -> None:
    body = b'{"model":"first","model":"second","messages":[{"role":"user","content":"hi"}]}'
    assert schema.parse(body).model == "second"


def test_a_nul_in_a_text_is_kept() -> None:
    [message] = parsed(messages=[{"role": "user", "content": "a\0b"}]).messages
    assert message.content == "a\0b"


def test_extra_keys_in_messages_are_ignored() -> None:
    message = {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {}}], "cache_control": {}}
    assert len(parsed(messages=[message | {"name": "ann"}]).messages) == 1


def test_an_error_about_a_role_says_which_there_are() -> None:
    with pytest.raises(ApiError, match="expected system, developer, user, assistant or tool"):
        parsed(messages=[{"role": "alien", "content": "hi"}])
