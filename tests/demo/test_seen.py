"""What the rules see of a request."""

import pytest
from hotseat_demo.seen import ToolResult, real_text, see

from tests.demo.asking import assistant, body, call, result, seen, user

REMINDER = "<system-reminder>\nBe nice. [[say no]]\n</system-reminder>\n"
GO_ON = "Output token limit hit. Resume directly \u2014 no apology."


@pytest.mark.parametrize(
    ("text", "real"),
    [
        ("hello", "hello"),
        (f"{REMINDER}hello", "hello"),
        (f"{REMINDER}\n{REMINDER}", ""),
        ("<environment_details># Time\n12:00</environment_details>hello", "hello"),
        ("<command-name>/compact</command-name>\n  <command-message>compact</command-message>", ""),
        ('<ide_selection file="x">code</ide_selection>what is this', "what is this"),
        ("<system-reminder>never closed", "<system-reminder>never closed"),
        ("a <system-reminder>b <command-name>c</command-name>", "a <system-reminder>b"),
        ("<task>do it</task>", "<task>do it</task>"),
        ("[Image: source: /tmp/1.png]\nlook", "look"),
        ("[Request interrupted by user]", ""),
    ],
)
def test_reminders_and_markers_are_no_words_of_the_user(text: str, real: str) -> None:
    assert real_text(text) == real


def test_content_may_be_a_string_or_blocks() -> None:
    plain = see({"messages": [{"role": "user", "content": "hello"}]})
    assert plain.user_text == seen("hello").user_text == "hello"


def test_several_text_blocks_are_one_text() -> None:
    assert seen(user(REMINDER, "one", "two")).user_text == "one\ntwo"


def test_what_follows_an_interrupt_is_a_text_of_its_own() -> None:
    found = seen(user("first", "[Request interrupted by user]", "second"))
    assert found.user_texts == ("first", "second")
    assert found.user_text == "second"


def test_tool_results_belong_to_the_last_user_text() -> None:
    found = seen(
        "old",
        assistant(call("a", "toolu_0")),
        user(result("stale", "toolu_0")),
        assistant("fine"),
        "go",
        assistant("calling", call("a", "toolu_1"), call("b", "toolu_2")),
        user(result("A", "toolu_1"), result("B", "toolu_2", is_error=True), REMINDER),
    )
    assert found.user_text == "go"
    assert found.step == 1
    assert found.called == ("a", "b")
    assert found.results == (ToolResult("toolu_1", "a", "A", False), ToolResult("toolu_2", "b", "B", True))


def test_split_assistant_messages_and_results_are_one_step() -> None:
    found = seen(
        "go",
        assistant("let me"),
        assistant(call("a")),
        user(result("A")),
        user(result("A again")),
        assistant(call("a")),
    )
    assert found.step == 1


def test_a_request_to_go_on_is_not_said_by_the_user() -> None:
    found = seen("tell me", assistant("w0 w1"), user(GO_ON), assistant(" w2"), user(GO_ON))
    assert found.user_text == "tell me"
    assert found.continued == "w0 w1 w2"
    assert found.step == 0
    assert seen("tell me", assistant("w0 w1"), user(GO_ON), assistant(" w2"), "thanks").continued is None


def test_only_the_answer_that_was_cut_is_continued() -> None:
    found = seen("go", assistant("calling", call("a")), user(result("A")), assistant("w0"), user(GO_ON))
    assert found.continued == "w0"
    assert found.step == 1


@pytest.mark.parametrize(
    "prod",
    ["[structured-output-enforce] call it", "Your response above was stopped by a safety classifier \u2014 this"],
)
def test_the_cli_prodding_is_not_said_by_the_user(prod: str) -> None:
    assert seen("ask", assistant("x"), user(prod)).user_texts == ("ask",)


def test_system_messages_belong_to_the_system_prompt() -> None:
    found = seen("hi", {"role": "system", "content": "# Environment"}, system=[{"type": "text", "text": "Be terse."}])
    assert found.system == "Be terse.\n# Environment"
    assert found.user_text == "hi"


def test_a_schema_is_found_in_the_output_format() -> None:
    wanted = {"type": "json_schema", "schema": {"type": "object"}}
    assert seen("x", output_config={"effort": "low", "format": wanted}).schema == {"type": "object"}
    assert seen("x", output_config={"effort": "low"}).schema is None


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"messages": None, "tools": "x", "system": 5, "stop_sequences": None},
        {"messages": ["text", {"role": "user"}, {"role": "user", "content": [None, "x", {"type": "new"}]}]},
        {
            "messages": [{"role": "user", "content": 5}],
            "tools": [{"name": "x", "input_schema": True}],
            "max_tokens": "9",
        },
        body("hi", tool_choice="auto", output_config=[], brand_new_field={"a": 1}),
    ],
)
def test_odd_requests_are_seen_as_far_as_they_go(odd: dict[str, object]) -> None:
    assert see(odd).step == 0
