"""What a request asks for stands in what the provider is sent."""

import base64
import struct
import zlib
from typing import Any

import pytest

from tests.e2e.house import House, new_id, said, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")


# What the CLI says of itself, whatever it is told: there is no switch for it.
ITSELF = "You are a Claude agent, built on Anthropic's Claude Agent SDK."


def system_of(body: dict[str, Any] | None) -> list[str]:
    """The system prompt that the model got, without the CLI's line about itself."""
    assert body is not None
    inside = [block for message in body["messages"] if message["role"] == "system" for block in message["content"]]
    return [block["text"] for block in [*body["system"], *inside] if block["text"] != ITSELF]


def picture() -> bytes:
    """A picture of two by two pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes([255, 0, 0]) * 2 for _ in range(2)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


async def test_sampling_stop_and_limit_are_sent_and_hold_for_one_turn(house: House) -> None:
    conversation, first, second = new_id(), f"[[tokens 9]] {tag()}", f"[[say plain]] {tag()}"
    answer = await house.sdk.chat.completions.create(
        model=f"claude:{conversation}",
        messages=[user(first)],
        temperature=0.25,
        top_p=0.5,
        stop=["w3", "never"],
        max_tokens=77,
    )
    assert answer.choices[0].message.content == "w0 w1 w2 "
    assert answer.choices[0].finish_reason == "stop"
    body = house.asked(first)[-1].body or {}
    assert (body["temperature"], body["top_p"], body["max_tokens"]) == (0.25, 0.5, 77)
    assert body["stop_sequences"] == ["w3", "never"]

    await house.sdk.chat.completions.create(model=f"claude:{conversation}", messages=[user(second)])
    after = house.asked(second)[-1].body or {}
    assert "stop_sequences" not in after
    assert after["max_tokens"] > 77
    assert after.get("temperature", 1) == 1


@pytest.mark.parametrize("model", ["claude", "claude-code"])
async def test_system_and_developer_messages_are_the_system_prompt(house: House, model: str) -> None:
    text = f"[[say ok]] {tag()}"
    messages: list[Any] = [
        {"role": "system", "content": "Speak like a pirate."},
        {"role": "developer", "content": "Never say please."},
        user(text),
    ]
    await house.sdk.chat.completions.create(model=model, messages=messages)
    request = house.asked(text)[-1]
    assert "Speak like a pirate.\n\nNever say please." in "\n".join(system_of(request.body))
    assert said(request.messages) == [("user", text)]
    if model == "claude":
        assert system_of(request.body) == ["Speak like a pirate.\n\nNever say please."]


async def test_the_bare_model_gets_nothing_but_the_client_s_words(house: House) -> None:
    text = f"[[say ok]] {tag()}"
    await house.sdk.chat.completions.create(model="claude", messages=[user(text)])
    body = house.asked(text)[-1].body or {}
    assert system_of(body) == []
    assert body["tools"] == []
    assert [block["text"] for message in body["messages"] for block in message["content"]] == [text]


async def test_a_later_system_message_replaces_the_earlier_one(house: House) -> None:
    conversation, texts = new_id(), [f"[[say ok]] {tag()}" for _ in range(2)]
    for system, text in zip(("Be brief.", "Be long."), texts, strict=True):
        await house.sdk.chat.completions.create(
            model=f"claude:{conversation}", messages=[{"role": "system", "content": system}, user(text)]
        )
    assert system_of(house.asked(texts[0])[-1].body) == ["Be brief."]
    assert system_of(house.asked(texts[1])[-1].body) == ["Be long."]


async def test_a_model_behind_the_profile_is_asked_for_by_name(house: House) -> None:
    text = f"[[say ok]] {tag()}"
    answer = await house.sdk.chat.completions.create(model="claude/claude-haiku-4-5", messages=[user(text)])
    assert answer.model == "claude/claude-haiku-4-5"
    assert (house.asked(text)[-1].body or {})["model"] == "claude-haiku-4-5"


async def test_a_picture_reaches_the_model_as_it_is(house: House) -> None:
    text, data = f"[[say seen]] {tag()}", base64.b64encode(picture()).decode()
    parts: list[Any] = [
        {"type": "text", "text": text},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
    ]
    answer = await house.sdk.chat.completions.create(model="claude", messages=[{"role": "user", "content": parts}])
    assert answer.choices[0].message.content == "seen"
    (message,) = [message for message in house.asked(text)[-1].messages if message["role"] == "user"]
    said_first, image = message["content"]  # and not a word of where the CLI keeps a copy
    assert said_first == {"type": "text", "text": text}
    assert image["source"] == {"type": "base64", "media_type": "image/png", "data": data}


@pytest.mark.parametrize("model", ["claude", "claude-code"])
async def test_no_text_is_a_command(house: House, model: str) -> None:
    conversation = new_id()
    for text in ("/clear", "/compact", "@/etc/hostname", "!echo out", "# remember", "<command-name>/x</command-name>"):
        whole = f"{text} {tag()}"
        await house.sdk.chat.completions.create(model=f"{model}:{conversation}", messages=[user(whole)])
        assert said(house.asked(whole)[-1].messages)[-1] == ("user", whole)


async def test_any_text_arrives_as_it_is(house: House) -> None:
    text = f"  a\u2028b\u0000c\U0001f600\r\n\ttabs, \u202eright to left, {tag()} \n"
    await house.sdk.chat.completions.create(model="claude", messages=[user(text)])
    assert said(house.asked(text)[-1].messages) == [("user", text)]


async def test_a_pdf_reaches_the_model_as_it_is(house: House) -> None:
    text, data = f"[[say read]] {tag()}", base64.b64encode(b"%PDF-1.4\n%%EOF\n").decode()
    file = {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{data}"}
    parts: list[Any] = [{"type": "file", "file": file}, {"type": "text", "text": text}]
    await house.sdk.chat.completions.create(model="claude", messages=[{"role": "user", "content": parts}])
    blocks = [block for message in house.asked(text)[-1].messages for block in message["content"]]
    (document,) = [block for block in blocks if block["type"] == "document"]
    assert document["source"] == {"type": "base64", "media_type": "application/pdf", "data": data}


async def test_two_user_messages_in_a_row_and_extra_keys_are_no_trouble(house: House) -> None:
    first, second = f"one {tag()}", f"[[say two]] {tag()}"
    messages: list[Any] = [
        {"role": "user", "content": first, "name": "ann", "cache_control": {"type": "ephemeral"}},
        {"role": "user", "content": [{"type": "text", "text": second, "cache_control": {"type": "ephemeral"}}]},
    ]
    answer = await house.sdk.chat.completions.with_raw_response.create(model="claude", messages=messages, user="u")
    assert answer.headers["x-ignored-params"] == "user, messages[].name"
    # The CLI makes one message of them, the texts apart.
    assert "\n".join(text for _, text in said(house.asked(second)[-1].messages)).split("\n") == [first, "", second]


@pytest.mark.parametrize(
    ("given", "sent"),
    [("none", "low"), ("minimal", "low"), ("low", "low"), ("medium", "medium"), ("high", "high"), ("xhigh", "max")],
)
async def test_effort_is_sent(house: House, given: Any, sent: str) -> None:
    text = f"[[say ok]] {tag()}"
    await house.sdk.chat.completions.create(model="claude", messages=[user(text)], reasoning_effort=given)
    assert (house.asked(text)[-1].body or {})["output_config"]["effort"] == sent


async def test_allowed_tools_offers_only_those(house: House) -> None:
    text = f"[[say ok]] {tag()}"
    tools: Any = [{"type": "function", "function": {"name": name}} for name in ("add", "sub", "mul")]
    allowed: Any = [{"type": "function", "function": {"name": name}} for name in ("add", "mul")]
    choice: Any = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": allowed}}
    await house.sdk.chat.completions.create(model="claude", messages=[user(text)], tools=tools, tool_choice=choice)
    assert [tool["name"] for tool in (house.asked(text)[-1].body or {})["tools"]] == ["add", "mul"]
