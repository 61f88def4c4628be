"""Equal content has equal names, and nothing else has; what is stored comes back exactly."""

import json

import msgspec
import pytest
from hotseat_core.conversation.history import Message
from hotseat_core.journal.node import chain, check_path, decode, digest, encode, extend, root_id, visible_path
from hotseat_core.worker.rows import Row
from hypothesis import given
from hypothesis import strategies as st

from tests.core.journal.saying import PICTURE, ROOT, agent, assistant, exchange, user

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)  # JSON has no lone surrogates
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ROW = st.builds(
    Row,
    st.sampled_from(["user", "assistant"]),
    st.lists(st.dictionaries(TEXT, JSON, max_size=4), max_size=3).map(tuple),
)
MESSAGE = st.builds(
    Message, st.sampled_from(["user", "assistant"]), st.lists(ROW, max_size=3).map(tuple), st.none() | TEXT
)


@given(MESSAGE)
def test_a_message_comes_back_as_it_was(message: Message) -> None:
    back = decode(encode(message))
    assert back == message
    assert digest(back) == digest(message)
    assert as_text(back) == as_text(message)


def as_text(message: Message) -> str:
    """All of it, types and the order of keys included."""
    return json.dumps([[row.role, row.content] for row in message.rows])


def test_a_message_with_a_picture_and_tools_comes_back_as_it_was() -> None:
    for message in (user("look", PICTURE), agent("seen", {"z": 1.0, "a": {"y": 2**70, "b": "\0é\U0001f600"}})):
        assert as_text(decode(encode(message))) == as_text(message)


@given(st.lists(MESSAGE, max_size=4), st.lists(MESSAGE, max_size=4))
def test_histories_are_named_alike_exactly_where_they_are_alike(ours: list[Message], theirs: list[Message]) -> None:
    for length, (left, right) in enumerate(zip(chain(ROOT, ours), chain(ROOT, theirs), strict=False), start=1):
        same = [digest(message) for message in ours[:length]] == [digest(message) for message in theirs[:length]]
        assert (left.node_id == right.node_id) is same
        alike = [message.key for message in ours[:length]] == [message.key for message in theirs[:length]]
        assert (left.visible_id == right.visible_id) is alike


@given(st.lists(MESSAGE, max_size=4))
def test_the_visible_path_is_that_of_the_nodes(messages: list[Message]) -> None:
    assert visible_path(ROOT, messages) == [node.visible_id for node in chain(ROOT, messages)]


def test_the_order_of_keys_makes_no_other_message() -> None:
    assert digest(agent("x", {"a": 1, "b": 2})) == digest(agent("x", {"b": 2, "a": 1}))


def test_what_a_client_cannot_see_has_the_same_visible_name_and_another_node() -> None:
    (seen,), (other,) = chain(ROOT, [agent("done", {"path": "a"})]), chain(ROOT, [agent("done", {"path": "b"})])
    assert seen.visible_id == other.visible_id
    assert seen.node_id != other.node_id


def test_the_same_words_at_another_place_are_another_node() -> None:
    first, second, third = chain(ROOT, [user("again"), assistant("again"), user("again")])
    assert len({first.node_id, second.node_id, third.node_id}) == 3
    assert len({first.visible_id, second.visible_id, third.visible_id}) == 3
    assert [first.parent_id, second.parent_id, third.parent_id] == ["", first.node_id, second.node_id]


def test_extending_a_history_names_it_as_building_it_at_once() -> None:
    said = [*exchange("one"), *exchange("two")]
    start = chain(ROOT, said[:2])
    assert [*start, *extend(ROOT, start[-1], said[2:])] == chain(ROOT, said)


@pytest.mark.parametrize(
    "other",
    [
        root_id("umbrella", "claude"),
        root_id("acme", "claude-code"),
        root_id("acme", "claude", system_prompt="Be brief."),
        root_id("acme", "claude", replaces_prompt=True),
        root_id("acme", "claude", tools=[{"name": "weather"}]),
        root_id("acmeclaude", ""),
    ],
)
def test_under_another_root_nothing_is_the_same(other: str) -> None:
    (here,), (there,) = chain(ROOT, [user("hi")]), chain(other, [user("hi")])
    assert here.node_id != there.node_id
    assert here.visible_id != there.visible_id


def test_nodes_that_are_no_path_are_refused() -> None:
    nodes = chain(ROOT, [*exchange("one"), *exchange("two")])
    check_path(nodes, nodes[-1].node_id)
    check_path([], "anything that is stored")
    with pytest.raises(ValueError, match="does not follow"):
        check_path([nodes[0], nodes[2]], nodes[2].node_id)
    with pytest.raises(ValueError, match="the head is"):
        check_path(nodes, nodes[0].node_id)


@pytest.mark.parametrize("stored", [b"", b"{}", b'{"role":"system","rows":[]}', b'{"role":"user","rows":[1]}'])
def test_what_is_no_message_is_not_read_as_one(stored: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(stored)


def test_names_do_not_change_between_versions() -> None:
    """What is on disk was named by an older version: where this fails, stored histories would not be found again."""
    nodes = chain(root_id("t", "claude", system_prompt="p"), [user("hi"), agent("ho", {"b": 1, "a": None})])
    assert [(node.node_id[:16], node.visible_id[:16]) for node in nodes] == [
        ("605026043b4addfd", "4ad461f59a35a914"),
        ("cdd6fcc2b5fd783c", "9769fef5bf7c2743"),
    ]
