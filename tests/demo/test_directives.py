"""Directives in a text: what is read, and what stays."""

import pytest
from hotseat_demo.directives import Call, Dump, Json, Pause, Recall, Say, Stop, Think, parse
from hotseat_demo.reply import Cut, Hang, HttpError, StreamError, Usage


@pytest.mark.parametrize(
    ("text", "directive"),
    [
        ("[[say hello there]]", Say("hello there")),
        ("[[say  two  spaces ]]", Say(" two  spaces ")),
        ("[[say]]", Say("")),
        ("[[say line\nbreak]]", Say("line\nbreak")),
        ("[[say [1,[2]]]]", Say("[1,[2]]")),
        ("[[think hm]]", Think("hm")),
        ('[[json {"a": [[1]]}]]', Json('{"a": [[1]]}', {"a": [[1]]})),
        ("[[json [1, 2]]]", Json("[1, 2]", [1, 2])),
        ('[[call Bash {"command": "ls ]] [[x"}]]', Call("Bash", {"command": "ls ]] [[x"})),
        ("[[call get_time]]", Call("get_time", {})),
        ("[[call get_time {}]]", Call("get_time", {})),
        ("[[tokens 3]]", Say("w0 w1 w2")),
        ("[[tokens 0]]", Say("")),
        ("[[delay 20]]", Pause(delay_ms=20)),
        ("[[ttft 1.5]]", Pause(ttft_ms=1.5)),
        ("[[error 429 rate_limit_error x2 ra=7]]", HttpError(429, "rate_limit_error", retry_after="7", times=2)),
        ("[[error 529]]", HttpError(529, "overloaded_error")),
        ("[[error 401]]", HttpError(401, "authentication_error")),
        ("[[error 418]]", HttpError(418, "invalid_request_error")),
        ("[[error]]", HttpError(500, "api_error")),
        ("[[sse-error api_error after=3 x1]]", StreamError("api_error", 3, 1)),
        ("[[sse-error]]", StreamError("overloaded_error", 0)),
        ("[[cut after=2]]", Cut(2)),
        ("[[cut]]", Cut(0)),
        ("[[hang after=1 secs=0.5 x3]]", Hang(1, 0.5, 3)),
        ("[[hang]]", Hang(0, 3600)),
        ("[[usage in=1 out=2 cr=3 cw=4]]", Usage(1, 2, 3, 4)),
        ("[[usage out=2]]", Usage(None, 2, None, None)),
        ("[[recall 2]]", Recall(2)),
        ("[[dump]]", Dump()),
        ("[[maxtok]]", Stop("max_tokens")),
        ("[[refuse]]", Stop("refusal")),
        ("[[pause]]", Stop("pause_turn")),
        ("[[ctxfull]]", Stop("model_context_window_exceeded")),
    ],
)
def test_a_directive_is_read_and_taken_out(text: str, directive: object) -> None:
    script = parse(f"before {text} after")
    assert script.groups == ((directive,),)
    assert script.text == "before  after"


@pytest.mark.parametrize(
    "text",
    [
        "[[unknown]]",
        "[[saying x]]",
        "[[say never closed",
        "[[tokens many]]",
        "[[tokens -1]]",
        "[[error 200]]",
        "[[error 500 one two]]",
        "[[error 429 rate_limit_error y=2]]",
        "[[cut after=x]]",
        "[[cut now]]",
        "[[dump it]]",
        "[[call Bash {broken}]]",
        "[[call Bash [1]]]",
        '[[call Bash {"a": 1} more]]',
        "[[json nothing]]",
        "[[call]]",
        "[[]]",
        "[[Say x]]",
    ],
)
def test_what_is_not_understood_stays_in_the_text(text: str) -> None:
    script = parse(text)
    assert script.groups == ()
    assert script.text == text


def test_then_separates_the_groups_of_the_model_steps() -> None:
    script = parse("[[call a {}]] [[call b {}]] [[then]] [[then]] [[say done]]")
    assert script.groups == ((Call("a", {}), Call("b", {})), (), (Say("done"),))


def test_a_directive_inside_an_unknown_one_is_still_read() -> None:
    assert parse("[[odd [[say x]]").groups == ((Say("x"),),)
    assert parse("[[odd [[say x]]").text == "[[odd"


@pytest.mark.parametrize(
    "text",
    ["[[say " * 50_000, "[[json " + "[" * 100_000 + "]]", '[[call a {"b":' * 20_000, "[[error " + "x " * 50_000 + "]]"],
    ids=["say", "json", "call", "error"],
)
@pytest.mark.timeout(10)
def test_a_hostile_text_is_read_in_time(text: str) -> None:
    assert parse(text).groups == ()
