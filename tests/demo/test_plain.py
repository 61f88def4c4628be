"""What is answered to a text without directives."""

import json
from typing import Any

import pytest
from hotseat_demo.plain import answer
from hotseat_demo.reply import Text, ToolUse
from hotseat_demo.seen import Seen
from hotseat_demo.sidecalls import side_call

from tests.demo.asking import ADD, BASH, PERSON, READ, WEATHER, WRITE, assistant, call, result, seen, tool, user

STRUCTURED = {"name": "StructuredOutput", "description": "Return the answer", "input_schema": PERSON}
FORMAT = {"format": {"type": "json_schema", "schema": PERSON}}
TITLE = seen(
    "<session>\nfix the login bug\n</session>\n\nWrite the title in its language.",
    system="You are naming a coding session so the user can pick it out",
    output_config=FORMAT,
)


def text_of(request: Seen) -> str:
    (block,) = answer(request).blocks
    assert isinstance(block, Text)
    return block.text


def calls_of(request: Seen) -> list[tuple[str, dict[str, Any]]]:
    return [(block.name, block.input) for block in answer(request).blocks if isinstance(block, ToolUse)]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("hello", 'You said: "hello"'),
        ("Say exactly: hi there.", "hi there."),
        ("say exactly: two\nlines", "two\nlines"),
        ("Reply with only PONG", "PONG"),
        ("Reply with only the word PONG.", "PONG"),
        ("Please respond with exactly 'ok go' and nothing else", "ok go"),
        ("Answer with just `done`", "done"),
        ("Reply with only PONG and nothing else.", "PONG"),
        ("reply with only the answer: 6 * 7", "6 * 7 = 42"),
        ("What is 2+2?", "2 + 2 = 4"),
        ("how much is 7 divided by 2", "7 / 2 = 3.5"),
        ("1 / 0?", "1 / 0 = undefined"),
        ("10 / 3", "10 / 3 = 3.333333333"),
        ("add 20 and 22", "20 + 22 = 42"),
        ("12 minus -3", "12 - -3 = 15"),
        ("what happened on 2026-11-22", 'You said: "what happened on 2026-11-22"'),
        ("flight 4-711b", 'You said: "flight 4-711b"'),
        ("what was the code I said?", 'You said: "what was the code I said?"'),
        ("", "You said nothing."),
        ("x" * 600, f'You said: "{"x" * 499}\u2026"'),
    ],
)
def test_a_text_is_answered_by_the_first_rule_that_applies(asked: str, answered: str) -> None:
    assert text_of(seen(asked)) == answered


@pytest.mark.parametrize(
    ("first", "question", "answered"),
    [
        ("The code is TANGO-7, keep it", "What was the code I said?", "The code you said was TANGO-7."),
        ("my name is Ada", "what is my name?", "The name you said was Ada."),
        ("Remember the number 4711.", "Which number did I tell you?", "The number you said was 4711."),
        ("secret word: plum", "what's the secret word I gave you", "The word you said was plum."),
        ("I like tea", "what was the code I said", 'You first said: "I like tea"'),
    ],
)
def test_what_was_said_first_is_remembered(first: str, question: str, answered: str) -> None:
    assert text_of(seen(first, assistant("Noted."), "and more", assistant("Yes."), question)) == answered


@pytest.mark.parametrize(
    ("asked", "calls"),
    [
        ("What's the weather in Paris, in celsius?", [("get_weather", {"city": "Paris", "unit": "celsius"})]),
        ("please add 2 and 3", [("add", {"a": 2, "b": 3})]),
        ("use get_weather for Oslo", [("get_weather", {"city": "Oslo", "unit": "celsius"})]),
        (
            "use add then get weather in Rome",
            [("add", {"a": 1, "b": 1}), ("get_weather", {"city": "Rome", "unit": "celsius"})],
        ),
        ("hello friend, how are you?", []),
        ("write a poem, then read it to me and bash the critics", []),
        ("use the Bash tool to run `ls -l`", [("Bash", {"command": "ls -l"})]),
        ('call Read with "/tmp/x"', [("Read", {"file_path": "/tmp/x"})]),
    ],
)
def test_a_tool_is_called_when_the_text_clearly_asks_for_it(
    asked: str, calls: list[tuple[str, dict[str, Any]]]
) -> None:
    assert calls_of(seen(asked, tools=[WEATHER, ADD, BASH, READ, WRITE])) == calls


def test_a_tool_is_found_by_its_description() -> None:
    found = calls_of(seen("tell me a joke about penguins", tools=[ADD, tool("humour", "Tell a joke on a topic")]))
    assert [name for name, _ in found] == ["humour"]


def test_a_prefixed_tool_goes_by_its_own_name() -> None:
    prefixed = {**WEATHER, "name": "mcp__client__get_weather"}
    assert calls_of(seen("get_weather in Rome", tools=[prefixed]))[0][0] == "mcp__client__get_weather"


def test_without_parallel_calls_one_tool_is_called_at_a_time() -> None:
    request = {"tools": [WEATHER, ADD], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
    text = "use add on 1 and 2, and get_weather in Rome"
    assert [name for name, _ in calls_of(seen(text, **request))] == ["add"]
    after = seen(text, assistant(call("add")), user(result("3")), **request)
    assert [name for name, _ in calls_of(after)] == ["get_weather"]


def test_a_tool_is_called_once_and_its_result_told() -> None:
    results = [assistant(call("get_weather", city="Paris")), user(result("Sunny, 21 C."))]
    assert text_of(seen("weather in Paris?", *results, tools=[WEATHER])) == "get_weather answered: Sunny, 21 C."


def test_failed_and_empty_results_are_told_as_such() -> None:
    calls = [assistant(call("a", "toolu_1"), call("b", "toolu_2"))]
    results = [user(result("boom", "toolu_1", is_error=True), result("", "toolu_2"))]
    assert text_of(seen("go", *calls, *results)) == "a failed: boom b answered: (nothing)"


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({"type": "tool", "name": "add"}, ["add"]),
        ({"type": "tool", "name": "unknown"}, ["unknown"]),
        ({"type": "any"}, ["get_weather"]),
        ({"type": "none"}, []),
        ({"type": "auto"}, []),
    ],
)
def test_the_clients_tool_choice_is_obeyed(choice: dict[str, Any], names: list[str]) -> None:
    assert [name for name, _ in calls_of(seen("hello", tools=[BASH, WEATHER, ADD], tool_choice=choice))] == names


def test_any_takes_the_tool_that_the_text_asks_for() -> None:
    request = seen("add 2 and 3", tools=[WEATHER, ADD], tool_choice={"type": "any"})
    assert calls_of(request) == [("add", {"a": 2, "b": 3})]


def test_no_tool_is_called_when_the_client_forbids_it() -> None:
    assert calls_of(seen("weather in Paris?", tools=[WEATHER], tool_choice={"type": "none"})) == []


def test_a_wanted_format_is_filled_from_the_text() -> None:
    assert json.loads(text_of(seen("John is 30 years old", output_config=FORMAT))) == {"name": "John", "age": 30}


def test_a_wanted_format_waits_for_the_tools_that_come_first() -> None:
    request = {"tools": [WEATHER], "output_config": FORMAT}
    assert [name for name, _ in calls_of(seen("weather for Ada in Rome?", **request))] == ["get_weather"]
    after = seen("weather for Ada in Rome?", assistant(call("get_weather")), user(result("21 degrees")), **request)
    assert json.loads(text_of(after)) == {"name": "Ada", "age": 21}


def test_the_structured_output_tool_is_called_until_it_accepts() -> None:
    first = calls_of(seen("Ada is 36", tools=[STRUCTURED]))
    assert first == [("StructuredOutput", {"name": "Ada", "age": 36})]
    tried = [assistant(call("StructuredOutput")), user(result("does not match", is_error=True))]
    assert calls_of(seen("Ada is 36", *tried, tools=[STRUCTURED])) == first
    assert text_of(seen("Ada is 36", *tried, *tried, *tried, tools=[STRUCTURED])) == "Done."
    accepted = [assistant(call("StructuredOutput")), user(result("ok"))]
    assert text_of(seen("Ada is 36", *accepted, tools=[STRUCTURED])) == "Done."


def test_images_and_documents_are_counted_in_the_echo() -> None:
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/x.png"}}
    document = {"type": "document", "source": {"type": "text", "data": "x"}}
    assert text_of(seen(user("look", image, image, document))) == 'You said: "look" (with 2 images, 1 document)'
    assert text_of(seen(user("look", image), assistant("I see"), "and now?")) == 'You said: "and now?"'


@pytest.mark.parametrize(
    ("request_", "answered"),
    [
        (seen("quota", max_tokens=1), "ok"),
        (TITLE, '{"title": "fix the login bug"}'),
        (seen("How do I bake bread?", system="You are a title generator."), "How do I bake bread?"),
        (seen("<system-reminder>This is a side question from the user.</system-reminder>\n\n2+2?"), "2 + 2 = 4"),
        (seen("hello", system="You write titles of nobility."), None),
        (seen("hello", system="You are a title generator.", tools=[BASH]), None),
    ],
)
def test_side_calls_are_told_from_the_conversation(request_: Seen, answered: str | None) -> None:
    reply = side_call(request_)
    texts = [block.text for block in reply.blocks if isinstance(block, Text)] if reply else [None]
    assert texts == [answered]


def test_a_compaction_is_answered_with_a_summary_of_what_was_said() -> None:
    ask = "Your task is to create a detailed summary of the conversation so far. Use <summary> tags."
    reply = side_call(seen("I like tea", assistant("Noted."), ask, tools=[BASH]))
    assert reply is not None
    (block,) = reply.blocks
    assert isinstance(block, Text)
    assert "<summary>\nThe user said:\n- I like tea\n</summary>" in block.text


@pytest.mark.parametrize(
    "part",
    ["what I ", "1 2 ", '"', "in Paris ", "<system-reminder>", "reply with only ", "a.b@", "1+", "name ", "1", "A "],
)
@pytest.mark.timeout(10)
def test_a_hostile_text_is_answered_in_time(part: str) -> None:
    text = part * (300_000 // len(part))
    expression = {"type": "object", "properties": {"expression": {"type": "string"}, **PERSON["properties"]}}
    wanted = {"format": {"type": "json_schema", "schema": expression}}
    assert answer(seen(text, tools=[WEATHER] * 50)).blocks
    assert answer(seen(text, output_config=wanted)).blocks
