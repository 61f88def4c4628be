"""What is told of an answer that has to fit a schema, and what the turn comes to."""

import json

import pytest
from hotseat_core.errors import Reason
from hotseat_core.events import (
    Event,
    Outcome,
    TextDelta,
    TextRetracted,
    ThinkingDelta,
    ToolStarted,
    Usage,
    UsageReported,
)
from hotseat_core.worker.json_text import JsonFilter, only_json
from hotseat_core.worker.output_schema import output_schema
from hotseat_core.worker.rows import Row
from hotseat_core.worker.shaping import Shaping
from hotseat_core.worker.translate import Ending, TurnReport

ENFORCED = output_schema('{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}')
IN_WORDS = output_schema('{"type":"object"}')
END = UsageReported(Usage())


def text(words: str, block: int = 0) -> TextDelta:
    return TextDelta(words, block)


def said(words: str, outcome: Outcome = Outcome.SUCCEEDED) -> TurnReport:
    rows = (Row("assistant", ({"type": "text", "text": words},)),)
    return TurnReport(Ending(outcome, clean=True), words, rows, Usage(), 1)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("words", "inside"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('Sure:\n```json\n{"a": {"b": [1]}}\n```\nBye {x}', '{"a": {"b": [1]}}'),
        (r'{"a": "}\"{\\", "b": "\\"} {"c": 1}', r'{"a": "}\"{\\", "b": "\\"}'),
        ("no JSON at all", ""),
        ('{"a": [1, 2', '{"a": [1, 2'),
    ],
)
def test_only_the_first_object_passes_however_it_is_cut(words: str, inside: str, size: int) -> None:
    passing = JsonFilter("object")
    assert "".join(passing.feed(words[at : at + size]) for at in range(0, len(words), size)) == inside


@pytest.mark.parametrize(
    ("words", "kind", "inside"),
    [
        (' "x" ', "string", '"x"'),
        ("```json\n12\n```", "integer", "12"),
        ("[1] or [2]", "array", "[1]"),
        ("none", "object", "none"),
    ],
)
def test_the_json_of_a_whole_text(words: str, kind: str, inside: str) -> None:
    assert only_json(words, kind) == inside


def test_text_that_the_provider_vouches_for_passes_as_it_comes_in_one_block() -> None:
    shaping = Shaping(ENFORCED, is_held=False)
    told = shaping.take([ThinkingDelta("hm", 0), text('{"a"', 1), text(": 1}", 2), END])
    assert told == [ThinkingDelta("hm", 0), text('{"a"', 1), text(": 1}", 1), END]
    report, rest = shaping.finish(said('{"a": 1}'))
    assert (report.text, report.output_json, rest) == ('{"a": 1}', '{"a": 1}', [])


def test_held_text_is_told_once_it_fits() -> None:
    shaping = Shaping(ENFORCED, is_held=True)
    assert shaping.take([text('{"a": 2', 1), TextRetracted(1, 5), text(" 1}", 1), END]) == [END]
    report, rest = shaping.finish(said('{"a": 1}'))
    assert (report.output_json, rest) == ('{"a": 1}', [text('{"a": 1}', 1)])


def test_what_an_agent_says_before_its_tools_run_is_not_told() -> None:
    shaping = Shaping(ENFORCED, is_held=True)
    events: list[Event] = [text("Let me look."), ToolStarted("t", "Read", 1), END, text('{"a": 1}', 2), END]
    assert shaping.take(events) == [ToolStarted("t", "Read", 1), END, END]
    report, rest = shaping.finish(said('{"a": 1}'))
    assert (report.text, rest) == ('{"a": 1}', [text('{"a": 1}', 2)])


def test_the_row_says_what_the_client_got_and_keeps_its_other_blocks() -> None:
    shaping = Shaping(IN_WORDS, is_held=False)
    assert shaping.take([text('Sure: {"a"'), text(": 1} Bye")]) == [text('{"a"'), text(": 1}")]
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    raw = said('Sure: {"a": 1} Bye')
    rows = (Row("assistant", (thought, *raw.rows[0].content)),)
    report, _ = shaping.finish(TurnReport(raw.ending, raw.text, rows, Usage(), 1))
    assert report.rows == (Row("assistant", (thought, {"type": "text", "text": '{"a": 1}'})),)


@pytest.mark.parametrize("is_held", [True, False])
def test_an_answer_that_does_not_fit_fails_the_turn(is_held: bool) -> None:
    shaping = Shaping(ENFORCED, is_held=is_held)
    shaping.take([text('{"a": "x"}'), END])
    report, rest = shaping.finish(said('{"a": "x"}'))
    assert report.ending.outcome is Outcome.FAILED
    assert report.ending.failure is not None
    assert report.ending.failure.reason is Reason.OUTPUT_INVALID
    assert rest == []
    assert report.text == ("" if is_held else '{"a": "x"}')  # what was told stays told


@pytest.mark.parametrize("outcome", [Outcome.TRUNCATED, Outcome.REFUSED, Outcome.TOOL_CALLS, Outcome.INTERRUPTED])
@pytest.mark.parametrize("is_held", [True, False])
def test_a_turn_that_ended_otherwise_is_not_judged(outcome: Outcome, is_held: bool) -> None:
    shaping = Shaping(ENFORCED, is_held=is_held)
    shaping.take([text('{"a": '), END])
    report, rest = shaping.finish(said('{"a": ', outcome))
    assert (report.ending.outcome, report.text, report.output_json) == (outcome, '{"a": ', "")
    assert rest == ([text('{"a": ')] if is_held else [])


def test_a_value_that_is_neither_object_nor_array_is_held_until_it_is_whole() -> None:
    shaping = Shaping(output_schema(json.dumps({"type": "integer"})), is_held=False)
    assert shaping.take([text("```\n1"), text("2\n```"), END]) == [END]
    report, rest = shaping.finish(said("```\n12\n```"))
    assert (report.output_json, rest) == ("12", [text("12")])
