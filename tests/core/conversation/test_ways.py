"""Which way to a history is the cheapest: tables."""

import pytest
from hotseat_core.conversation.ways import worth_going_back
from hotseat_core.worker.rows import Row


def rows(text: str) -> tuple[Row, ...]:
    """Rows by their words: "u1 a1" is a prompt and its answer, "r1" the result of a tool."""
    return tuple(_row(word) for word in text.split())


def _row(word: str) -> Row:
    if word.startswith("r"):
        return Row("user", ({"type": "tool_result", "tool_use_id": "t", "content": word},))
    return Row("user" if word.startswith("u") else "assistant", ({"type": "text", "text": word},))


@pytest.mark.parametrize(
    ("held", "wanted", "worth"),
    [
        pytest.param("u1 a1 u2 a2 u3 a3", "u1 a1 u2 a2", 2, id="the last answer again"),
        pytest.param("u1 a1 u2 a2", "u1 a1", 1, id="the second answer again"),
        pytest.param("u1 a1", "", 0, id="the first answer again: nothing is shared"),
        pytest.param(
            "u1 a1 u2 a2 u3 a3", "u1 a1 u2 a2 u3 x3", 2, id="an edited answer: its prompt has to be said again"
        ),
        pytest.param("u1 a1 u2 a2 u3 a3 u4 a4", "u1 a1", 0, id="an early message edited: more undone than kept"),
        pytest.param("u1 a1 u2 a2 u3 a3 u4 a4", "u1 a1 u2 a2", 2, id="as much undone as kept"),
        pytest.param("u1 a1 u2 a2", "u1 a1 u2 a2 u3 a3", 2, id="further on: nothing is undone"),
        pytest.param("u1 a1 u2 a2", "u1 a1 u2 a2", 2, id="just there"),
        pytest.param("u1 a1", "x1 a1", 0, id="nothing in common"),
        pytest.param("a0 u1 a1", "b0 u1 a1", 0, id="parted before the first prompt"),
        pytest.param("u1 t1 r1 a1 u2 a2", "u1 t1 r1 a1", 2, id="a tool's result counts as what takes time"),
        pytest.param("u1 t1 r1 a1", "u1 t1 r9 a1", 0, id="parted at a tool's result: back to the prompt before it"),
        pytest.param("", "u1 a1", 0, id="an empty session"),
    ],
)
def test_going_back_is_worth_what_need_not_be_seeded_again(held: str, wanted: str, worth: int) -> None:
    assert worth_going_back(rows(held), rows(wanted)) == worth
