"""What is answered to a text with directives."""

import json

import pytest
from hotseat_demo.reply import Cut, HttpError, Reply, Text, Thinking, ToolUse, Usage
from hotseat_demo.rules import choose
from hotseat_demo.seen import Seen

from tests.demo.asking import BASH, PERSON, assistant, call, result, seen, tool, user

GO_ON = "Output token limit hit. Resume directly"
STRUCTURED = {"name": "StructuredOutput", "description": "", "input_schema": PERSON}


def texts(reply: Reply) -> list[str]:
    return [block.text for block in reply.blocks if isinstance(block, Text)]


def at_step(step: int, text: str) -> Seen:
    history = [text]
    rounds = [m for k in range(step) for m in (assistant(call("t", f"toolu_{k}")), user(result(f"r{k}", f"toolu_{k}")))]
    return seen(*history, *rounds)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("please [[say exactly this]] now", ["exactly this"]),
        ("[[say one]] [[say two]]", ["one", "two"]),
        ('[[json {"b": 1,  "a": [2]}]]', ['{"b": 1,  "a": [2]}']),
        ("[[tokens 4]]", ["w0 w1 w2 w3"]),
        ("[[recall 1]]", ["[[recall 1]]"]),
        ("[[recall 7]]", ["(there is no user message 7)"]),
        ("[[recall 0]]", ["(there is no user message 0)"]),
        ("[[delay 1]] What is 2+2?", ["2 + 2 = 4"]),
        ("[[unknown]]", ['You said: "[[unknown]]"']),
    ],
)
def test_a_directive_decides_the_text(text: str, said: list[str]) -> None:
    assert texts(choose(seen(text))) == said


def test_the_same_request_gets_the_same_reply() -> None:
    request = seen("[[think hm]] what is 3 * 4?", tools=[BASH])
    assert choose(request) == choose(request)


def test_thinking_comes_first() -> None:
    assert choose(seen("[[say ok]] [[think hm]]")).blocks == (Thinking("hm"), Text("ok"))
    assert choose(seen("[[think hm]] hello")).blocks == (Thinking("hm"), Text('You said: "hello"'))


def test_calls_of_one_group_are_parallel_and_keep_their_order() -> None:
    reply = choose(seen('[[say both]] [[call a {"x": 1}]] [[call b]]'))
    assert reply.blocks == (Text("both"), ToolUse("a", {"x": 1}), ToolUse("b", {}))


def test_each_model_step_has_its_group_and_then_the_results_are_told() -> None:
    text = "[[call t]] [[then]] [[call t]] [[then]] [[say done]]"
    assert choose(at_step(0, text)).blocks == (ToolUse("t", {}),)
    assert choose(at_step(1, text)).blocks == (ToolUse("t", {}),)
    assert texts(choose(at_step(2, text))) == ["done"]
    assert texts(choose(at_step(1, "[[call t]]"))) == ["t answered: r0"]


def test_a_clients_own_tool_wins_over_a_built_in_of_the_same_name() -> None:
    own = tool("mcp__client__Bash")
    assert choose(seen("[[call Bash]]", tools=[BASH, own])).blocks == (ToolUse("mcp__client__Bash", {}),)
    assert choose(seen("[[call Bash]]", tools=[BASH])).blocks == (ToolUse("Bash", {}),)


def test_json_becomes_the_structured_output_where_that_tool_is_offered() -> None:
    text = '[[json {"name": "bob", "age": 3}]]'
    assert choose(seen(text, tools=[STRUCTURED])).blocks == (ToolUse("StructuredOutput", {"name": "bob", "age": 3}),)
    assert texts(choose(seen("[[json [1]]]", tools=[STRUCTURED]))) == ["[1]"]


@pytest.mark.parametrize(
    ("directive", "reason"),
    [
        ("maxtok", "max_tokens"),
        ("refuse", "refusal"),
        ("pause", "pause_turn"),
        ("ctxfull", "model_context_window_exceeded"),
    ],
)
def test_a_stop_reason_can_be_asked_for(directive: str, reason: str) -> None:
    reply = choose(seen(f"[[{directive}]] [[say x]]"))
    assert (texts(reply), reply.stop_reason) == (["x"], reason)


def test_pauses_and_usage_add_up_in_one_reply() -> None:
    reply = choose(seen("[[ttft 50]] [[delay 5]] [[usage in=1 out=2]] hi"))
    assert (reply.ttft_ms, reply.delay_ms, reply.usage) == (50, 5, Usage(1, 2))


@pytest.mark.parametrize(
    ("attempt", "faults"),
    [(1, ["HttpError", "Cut"]), (2, ["HttpError", "Cut"]), (3, ["Cut"]), (4, [])],
)
def test_counted_faults_hit_the_first_requests_only(attempt: int, faults: list[str]) -> None:
    reply = choose(seen("[[error 529 x2]] [[cut after=1 x3]] hi"), attempt)
    assert [type(fault).__name__ for fault in reply.faults] == faults
    assert texts(reply) == ['You said: "hi"']


def test_uncounted_faults_hit_every_request() -> None:
    assert choose(seen("[[error 401]]"), 99).faults == (HttpError(401, "authentication_error"),)
    assert choose(seen("[[cut]]"), 99).faults == (Cut(),)


def test_faults_belong_to_their_step() -> None:
    text = "[[call t]] [[then]] [[error 500]]"
    assert choose(at_step(0, text)).faults == ()
    assert choose(at_step(1, text)).faults == (HttpError(500, "api_error"),)


def test_a_reply_that_was_cut_goes_on_where_it_stopped() -> None:
    reply = choose(seen("[[tokens 4]] [[maxtok]]", assistant("w0 w1"), user(GO_ON)))
    assert (texts(reply), reply.stop_reason) == ([" w2 w3"], None)
    done = choose(seen("[[tokens 2]] [[maxtok]]", assistant("w0 w1"), user(GO_ON)))
    assert (texts(done), done.stop_reason) == ([" (that was all)"], None)


def test_a_refusal_stays_one_when_the_cli_asks_again() -> None:
    again = user("Your response above was stopped by a safety classifier")
    assert choose(seen("[[refuse]] [[say no]]", assistant("no"), again)).stop_reason == "refusal"


def test_dump_tells_what_the_model_saw() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}}
    linked = {"type": "image", "source": {"type": "url", "url": "https://example.com/x.png"}}
    reply = choose(
        seen(
            user("<system-reminder>x</system-reminder>", "look", image, linked),
            assistant("calling", call("Bash", command="ls")),
            user(result("a.txt")),
            assistant("a.txt"),
            "[[dump]]",
            system="Be terse.",
            tools=[BASH],
            temperature=0.5,
            metadata={"user_id": "secret"},
        )
    )
    found = json.loads(texts(reply)[0])
    assert found["roles"] == ["user", "assistant", "user", "assistant", "user"]
    assert found["messages"][0] == {"role": "user", "blocks": ["text", "text", "image", "image"], "texts": ["look"]}
    assert found["messages"][1]["tool_uses"] == [{"name": "Bash", "input": {"command": "ls"}}]
    assert found["messages"][2]["tool_results"][0]["text"] == "a.txt"
    assert (found["system"], found["tools"]) == ("Be terse.", ["Bash"])
    assert found["parameters"] == {"model": "claude-demo", "max_tokens": 32000, "temperature": 0.5}
    assert found["images"][0]["bytes"] == 5
    assert found["images"][1]["url"] == "https://example.com/x.png"
    assert "secret" not in texts(reply)[0]


def test_recall_counts_from_either_end() -> None:
    history = seen("first", assistant("ok"), "second", assistant("ok"), "[[recall 1]] [[recall -2]]")
    assert texts(choose(history)) == ["first", "second"]
