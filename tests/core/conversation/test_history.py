"""What a client claims was said, against what we hold."""

from typing import Any

import pytest
from hotseat_core.conversation.history import Message, common_length, reconcile, rows_of
from hotseat_core.worker.rows import Row

Json = dict[str, Any]


def text(said: str) -> Json:
    return {"type": "text", "text": said}


def use(tool_id: str, **tool_input: str) -> Json:
    return {"type": "tool_use", "id": tool_id, "name": "Bash", "input": tool_input}


def result(tool_id: str) -> Json:
    return {"type": "tool_result", "tool_use_id": tool_id, "content": [text("x")]}


def u(*blocks: Json | str) -> Message:
    content = tuple(text(block) if isinstance(block, str) else block for block in blocks)
    return Message("user", (Row("user", content),))


def a(*blocks: Json | str) -> Message:
    content = tuple(text(block) if isinstance(block, str) else block for block in blocks)
    return Message("assistant", (Row("assistant", content),))


def agent(visible: str) -> Message:
    """An answer of ours: the model used a tool on the way, which its client does not see."""
    rows = (Row("assistant", (use("t1"),)), Row("user", (result("t1"),)), Row("assistant", (text(visible),)))
    return Message("assistant", rows, visible)


def calling(visible: str, *uses: Json, own: bool = False) -> Message:
    """An answer of ours that ends with calls of the client's tools; own: after the use of one of its own."""
    said = (text(visible),) if visible else ()
    before = agent("").rows[:2] if own else ()
    return Message("assistant", (*before, Row("assistant", (*said, *uses))), visible)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (u("a"), u("a")),
        (a("a"), a("a")),
        (a("a"), a("  a\n")),
        (a("a", "b"), a("a\n\nb")),
        (agent("done"), a("done")),
        (agent("done"), a("done\n")),
        (agent("one\n\ntwo"), a("one", "two")),
        (a(use("t1", a="1", b="2")), a(use("t1", b="2", a="1"))),
        (u(result("t1")), u(result("t1"))),
        (calling("I look.", use("t1")), a("I look.\n", use("t1"))),
        (calling("", use("t1") | {"caller": {"type": "direct"}}), a(use("t1"))),
        (calling("done", use("t2"), own=True), a("done", use("t2"))),
    ],
)
def test_messages_that_are_the_same_to_a_client(ours: Message, theirs: Message) -> None:
    assert common_length([ours], [theirs]) == 1


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (u("a"), a("a")),
        (u("a"), u("b")),
        (u("a"), u(" a")),
        (u("a", "b"), u("a\n\nb")),
        (a("a"), a("b")),
        (a("a"), a("a", use("t1"))),
        (a(use("t1")), a(use("t2"))),
        (a(use("t1", a="1")), a(use("t1", a="2"))),
        (agent("done"), a("Done")),
        (u(result("t1")), u(result("t2"))),
        (calling("I look.", use("t1")), a("I look.")),
        (calling("", use("t1")), a(use("t1"), use("t2"))),
        (u({"type": "image", "source": {"data": "x"}}), u({"type": "image", "source": {"data": "y"}})),
    ],
)
def test_messages_that_differ_to_a_client(ours: Message, theirs: Message) -> None:
    assert common_length([ours], [theirs]) == 0


HELD = (u("q1"), agent("a1"), u("q2"), agent("a2"))


@pytest.mark.parametrize(
    ("claimed", "same"),
    [
        ((), 0),
        ((u("q1"),), 1),
        ((u("q1"), a("a1")), 2),
        ((u("q1"), a("a1"), u("q2"), a("a2")), 4),
        ((u("q1"), a("a1"), u("q2"), a("a2"), u("q3")), 4),
        ((u("q1"), a("other"), u("q2"), a("a2")), 1),
        ((u("other"), a("a1")), 0),
    ],
)
def test_a_history_is_the_same_up_to_where_it_differs(claimed: tuple[Message, ...], same: int) -> None:
    assert common_length(HELD, claimed) == same
    assert reconcile(HELD, claimed) == (*HELD[:same], *claimed[same:])


def test_what_we_know_beyond_the_client_of_our_own_messages_stays() -> None:
    reconciled = reconcile(HELD, (u("q1"), a("a1"), u("edited")))
    assert [row.role for row in rows_of(reconciled)] == ["user", "assistant", "user", "assistant", "user"]


def test_the_visible_text_is_what_was_told_or_follows_from_the_rows() -> None:
    assert a("one", use("t"), "two").text == "one\n\ntwo"
    assert agent("told").text == "told"
    assert Message("assistant", (), "").text == ""
