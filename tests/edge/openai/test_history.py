"""What messages become: roles are true, nothing is flattened, and what does not fit together is refused."""

import base64
import json
from typing import Any

import pytest
from hotseat import pb
from hotseat_edge.openai import attachments, history, schema
from hotseat_edge.openai.errors import ApiError

PNG = b"\x89PNG\r\n\x1a\n and so on"
PDF = b"%PDF-1.7 and so on"
USER, ASSISTANT = pb.HistoryMessage.ROLE_USER, pb.HistoryMessage.ROLE_ASSISTANT


def data_url(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, "detail": "auto"}}


def file(**fields: str) -> dict[str, Any]:
    return {"type": "file", "file": fields}


def read(*messages: dict[str, Any]) -> history.Dialogue:
    return history.read(schema.parse(json.dumps({"model": "m", "messages": messages}).encode()).messages)


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def called(*calls: tuple[str, str], content: str | None = None) -> dict[str, Any]:
    made = [
        {"id": call, "type": "function", "function": {"name": "Read", "arguments": arguments}}
        for call, arguments in calls
    ]
    return {"role": "assistant", "content": content, "tool_calls": made}


def answered(call: str, content: Any = "done") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call, "content": content, "name": "Read"}


def said(role: pb.HistoryMessage.Role, *texts: str) -> pb.HistoryMessage:
    return pb.HistoryMessage(role=role, content=[pb.HistoryBlock(text=text) for text in texts])


def refused(*messages: dict[str, Any]) -> tuple[str | None, str | None]:
    with pytest.raises(ApiError) as caught:
        read(*messages)
    assert caught.value.status == 400
    return caught.value.code, caught.value.param


def test_one_user_message_is_the_input_and_no_history() -> None:
    assert read(user("hi")) == history.Dialogue(system="", history=[], said=[pb.ContentBlock(text="hi")])


def test_roles_and_order_are_kept_and_two_messages_in_a_row_stay_two() -> None:
    dialogue = read(user("a"), user("b"), {"role": "assistant", "content": "c"}, user("d"))

    assert dialogue.history == [said(USER, "a"), said(USER, "b"), said(ASSISTANT, "c")]


def test_system_and_developer_messages_are_joined_wherever_they_stand() -> None:
    parts = [{"type": "text", "text": "two"}, {"type": "text", "text": "three"}]
    first, last = {"role": "system", "content": "one"}, {"role": "system", "content": "four"}
    dialogue = read(first, user("a"), {"role": "developer", "content": parts}, user("b"), last)

    assert dialogue.system == "one\n\ntwo\n\nthree\n\nfour"
    assert dialogue.history == [said(USER, "a")]


def test_parts_of_every_role_stay_blocks() -> None:
    parts = [{"type": "text", "text": "x"}, {"type": "refusal", "refusal": "no"}]
    dialogue = read(user([{"type": "text", "text": "a"}]), {"role": "assistant", "content": parts}, user("b"))

    assert dialogue.history == [said(USER, "a"), said(ASSISTANT, "x", "no")]


def test_pictures_and_files_are_bytes() -> None:
    content = [image(data_url(PNG)), file(filename="../a/b.pdf", file_data=data_url(PDF, "application/pdf"))]
    dialogue = read(user(content), {"role": "assistant", "content": "ok"}, user(content))

    picture = pb.Blob(media_type="image/png", data=PNG)
    document = pb.Blob(media_type="application/pdf", data=PDF, filename="b.pdf")
    assert dialogue.said == [pb.ContentBlock(image=picture), pb.ContentBlock(file=document)]
    assert list(dialogue.history[0].content) == [pb.HistoryBlock(image=picture), pb.HistoryBlock(file=document)]


def test_tool_calls_and_their_results_keep_their_places() -> None:
    dialogue = read(
        user("go"),
        called(("c1", '{"path":"a"}'), ("c2", ""), content="reading"),
        answered("c2", [{"type": "text", "text": "two"}]),
        answered("c1"),
        {"role": "assistant", "content": "read"},
        user("thanks"),
    )

    uses = [
        pb.ToolUse(tool_use_id="c1", name="Read", input_json='{"path":"a"}'),
        pb.ToolUse(tool_use_id="c2", name="Read", input_json="{}"),
    ]
    results = [
        pb.ToolResult(tool_call_id="c2", content=[pb.ContentBlock(text="two")]),
        pb.ToolResult(tool_call_id="c1", content=[pb.ContentBlock(text="done")]),
    ]
    assert dialogue.history == [
        said(USER, "go"),
        pb.HistoryMessage(
            role=ASSISTANT,
            content=[pb.HistoryBlock(text="reading"), *(pb.HistoryBlock(tool_use=use) for use in uses)],
        ),
        pb.HistoryMessage(role=USER, content=[pb.HistoryBlock(tool_result=result) for result in results]),
        said(ASSISTANT, "read"),
    ]


def test_the_results_of_the_last_calls_are_the_input() -> None:
    seen = [{"type": "text", "text": "seen"}, {"type": "text", "text": " "}, image(data_url(PNG))]
    dialogue = read(user("go"), called(("c1", "{}"), ("c2", "{}")), answered("c2", seen), answered("c1"))

    picture = pb.ContentBlock(image=pb.Blob(media_type="image/png", data=PNG))
    assert dialogue.results == [
        pb.ToolResult(tool_call_id="c2", content=[pb.ContentBlock(text="seen"), picture]),
        pb.ToolResult(tool_call_id="c1", content=[pb.ContentBlock(text="done")]),
    ]
    assert dialogue.said == []
    assert [message.role for message in dialogue.history] == [USER, ASSISTANT]


def test_a_tool_that_gave_nothing_has_a_result_all_the_same() -> None:
    dialogue = read(user("go"), called(("c1", "{}")), answered("c1", ""), user("on"))

    assert list(dialogue.history[2].content) == [pb.HistoryBlock(tool_result=pb.ToolResult(tool_call_id="c1"))]


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_no_text_beside_tool_calls_is_no_block(content: str | None) -> None:
    dialogue = read(user("go"), called(("c1", "{}"), content=content), answered("c1"), user("on"))

    assert [block.WhichOneof("block") for block in dialogue.history[1].content] == ["tool_use"]


def test_an_answer_that_was_cut_off_before_its_first_word_is_left_out() -> None:
    assert read(user("a"), {"role": "assistant", "content": ""}, user("b")).history == [said(USER, "a")]


@pytest.mark.parametrize(
    ("messages", "code", "param"),
    [
        ([{"role": "assistant", "content": "x"}], "last_message_must_be_user", "messages"),
        ([{"role": "system", "content": "x"}], "last_message_must_be_user", "messages"),
        (
            [{"role": "assistant", "content": "x"}, {"role": "system", "content": "x"}],
            "last_message_must_be_user",
            "messages",
        ),
        ([user("a"), called(("c1", "{}"), ("c2", "{}")), answered("c1")], "invalid_value", "messages"),
        ([user(""), user("b")], "invalid_value", "messages[0].content"),
        ([user([{"type": "text", "text": ""}])], "invalid_value", "messages[0].content[0].text"),
        ([answered("c1"), user("a")], "invalid_value", "messages[0].tool_call_id"),
        ([called(("c1", "{}")), answered("c9"), user("a")], "invalid_value", "messages[1].tool_call_id"),
        (
            [called(("c1", "{}")), answered("c1"), answered("c1"), user("a")],
            "invalid_value",
            "messages[2].tool_call_id",
        ),
        ([called(("c1", "{}")), user("a")], "invalid_value", "messages[1]"),
        ([called(("c1", "[1]")), user("a")], "invalid_value", "messages[0].tool_calls[0].function.arguments"),
        ([called(("c1", "{")), user("a")], "invalid_value", "messages[0].tool_calls[0].function.arguments"),
        (
            [{"role": "assistant", "tool_calls": [{"id": "c1", "type": "custom", "custom": {}}]}, user("a")],
            "unsupported_parameter",
            "messages[0].tool_calls[0].type",
        ),
        (
            [user([{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}])],
            "unsupported_parameter",
            "messages[0].content[0].type",
        ),
        ([user([image(data_url(PNG))] * 21)], "invalid_value", "messages[0].content[20]"),
    ],
)
def test_what_does_not_fit_together_is_refused(messages: list[dict[str, Any]], code: str, param: str) -> None:
    assert refused(*messages) == (code, param)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://169.254.169.254/latest", "unsupported_image_url"),
        ("https://example.com/a.png", "unsupported_image_url"),
        ("file:///etc/passwd", "unsupported_image_url"),
        ("ftp://x/y.png", "unsupported_image_url"),
        ("", "unsupported_image_url"),
        ("data:image/png;base64,@@@@", "invalid_image"),
        ("data:image/png;base64,é", "invalid_image"),
        ("data:image/png,plain", "invalid_image"),
        (data_url(b"<svg/>", "image/svg+xml"), "invalid_image"),
        (data_url(b"GIF89a", "image/png"), "invalid_image"),
        (data_url(PNG + bytes(attachments.MAX_IMAGE_BYTES)), "image_too_large"),
    ],
)
def test_a_picture_that_is_none_is_refused(url: str, code: str) -> None:
    assert refused(user([image(url)])) == (code, "messages[0].content[0].image_url.url")


@pytest.mark.parametrize(
    ("media_type", "data"),
    [
        ("image/jpeg", b"\xff\xd8\xff\xe0"),
        ("image/jpg", b"\xff\xd8\xff\xe0"),
        ("image/gif", b"GIF87a"),
        ("image/webp", b"RIFF\n\0\0\0WEBP"),
    ],
)
def test_every_kind_of_picture_that_the_model_sees_is_taken(media_type: str, data: bytes) -> None:
    [block] = read(user([image(data_url(data, media_type))])).said
    assert block.image.data == data


@pytest.mark.parametrize(
    ("part", "code", "param"),
    [
        (file(file_id="file-1"), "unsupported_file", "messages[0].content[0].file"),
        (file(file_data=data_url(b"x", "text/plain")), "invalid_file", "messages[0].content[0].file.file_data"),
        (file(file_data=data_url(b"x", "application/pdf")), "invalid_file", "messages[0].content[0].file.file_data"),
        (file(file_data="JVBERi0="), "invalid_file", "messages[0].content[0].file.file_data"),
    ],
)
def test_a_file_that_is_no_pdf_is_refused(part: dict[str, Any], code: str, param: str) -> None:
    assert refused(user([part])) == (code, param)
