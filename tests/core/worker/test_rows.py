"""The rows of a turn, gathered from messages that come in pieces."""

from typing import Any

import pytest
from hotseat_core.worker.rows import Row, RowCollector

Json = dict[str, Any]


def text(said: str) -> Json:
    return {"type": "text", "text": said}


def use(tool_id: str) -> Json:
    return {"type": "tool_use", "id": tool_id, "name": "Bash", "input": {}}


def result(tool_id: str) -> Json:
    return {"type": "tool_result", "tool_use_id": tool_id, "content": "x"}


THOUGHT: Json = {"type": "thinking", "thinking": "hm", "signature": "s"}
HIDDEN: Json = {"type": "redacted_thinking", "data": "x"}

Said = tuple[str, list[Json]]  # API message id, or "" for results; blocks


def collected(*said: Said) -> RowCollector:
    rows = RowCollector()
    for message_id, blocks in said:
        if message_id:
            rows.add_assistant(message_id, blocks)
        else:
            rows.add_results(blocks)
    return rows


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        ([], []),
        ([("m1", [text("a")])], [("assistant", [text("a")])]),
        ([("m1", [text("a")]), ("m1", [text("b")])], [("assistant", [text("a"), text("b")])]),
        # Parallel calls: their results make one row, whenever they come.
        (
            [("m1", [use("1")]), ("", [result("1")]), ("m1", [use("2")]), ("", [result("2")]), ("m2", [text("b")])],
            [("assistant", [use("1"), use("2")]), ("user", [result("1"), result("2")]), ("assistant", [text("b")])],
        ),
        # A use without a result was cut; the API refuses it.
        ([("m1", [text("a"), use("1")])], [("assistant", [text("a")])]),
        ([("m1", [use("1")])], []),
        (
            [("m1", [use("1"), use("2")]), ("", [result("1")])],
            [("assistant", [use("1")]), ("user", [result("1")])],
        ),
        # So it does empty text, and thinking at the end.
        ([("m1", [text(""), text("a")])], [("assistant", [text("a")])]),
        ([("m1", [text("")])], []),
        ([("m1", [THOUGHT])], []),
        ([("m1", [THOUGHT, HIDDEN, use("1")])], []),
        ([("m1", [THOUGHT, text("a")])], [("assistant", [THOUGHT, text("a")])]),
        (
            [("m1", [use("1")]), ("", [result("1")]), ("m2", [THOUGHT])],
            [("assistant", [use("1")]), ("user", [result("1")])],
        ),
        # Two messages of the model with nothing between them are one row.
        ([("m1", [text("a")]), ("m2", [text("b")])], [("assistant", [text("a"), text("b")])]),
    ],
)
def test_rows_are_whole_and_take_turns(said: list[Said], rows: list[tuple[str, list[Json]]]) -> None:
    assert [(row.role, list(row.content)) for row in collected(*said).rows()] == rows


@pytest.mark.parametrize(
    ("said", "unfinished", "rows"),
    [
        ([], [text("so far")], [("assistant", [text("so far")])]),
        ([("m1", [text("a")])], [text("b")], [("assistant", [text("a"), text("b")])]),
        ([("m1", [THOUGHT])], [text("b")], [("assistant", [THOUGHT, text("b")])]),
        ([], [text("")], []),
    ],
)
def test_what_was_being_written_counts(
    said: list[Said], unfinished: list[Json], rows: list[tuple[str, list[Json]]]
) -> None:
    assert [(row.role, list(row.content)) for row in collected(*said).rows(unfinished)] == rows


def test_an_abandoned_message_is_forgotten_from_a_block_on() -> None:
    rows = collected(("m1", [text("kept"), text("gone")]), ("m2", [text("other")]))
    rows.drop("m1", 1)
    assert rows.rows() == (Row("assistant", (text("kept"), text("other"))),)
    rows.drop("m2", 0)
    assert rows.rows() == (Row("assistant", (text("kept"),)),)


def test_forgetting_a_message_without_a_name_leaves_the_results() -> None:
    rows = collected(("m1", [use("1")]), ("", [result("1")]))
    rows.drop("", 0)
    assert [row.role for row in rows.rows()] == ["assistant", "user"]


@pytest.mark.parametrize(
    ("row", "is_prompt"),
    [
        (Row("user", (text("a"),)), True),
        (Row("user", ()), True),
        (Row("user", (result("1"),)), False),
        (Row("user", (text("a"), result("1"))), False),
        (Row("assistant", (text("a"),)), False),
    ],
)
def test_a_prompt_is_what_the_user_says_of_his_own(row: Row, is_prompt: bool) -> None:
    assert row.is_prompt is is_prompt
