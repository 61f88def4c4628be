"""Conversations as lines of JSON: what comes back, and what is refused by its line."""

import json
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hotseat_core.conversation.book import root_of, stored_turn
from hotseat_core.conversation.history import Message
from hotseat_core.conversation.loader import Loaded, Loader
from hotseat_core.conversation.portable import dump
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.conversation.turn import TurnRecord
from hotseat_core.convert import settings_json
from hotseat_core.errors import InvalidMessage, Reason
from hotseat_core.events import Failure, Outcome, ToolCalled, TurnCompleted, Usage
from hotseat_core.journal.node import Node, chain, extend
from hotseat_core.journal.store import Snapshot, StoredConversation
from hotseat_core.parse import Parser
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import PermissionMode, SessionSetup
from hotseat_core.worker.tools import Tool

from tests.core.conversation.scenes import a, u
from tests.core.journal.saying import PICTURE, agent, user

PARSER = Parser("claude", PermissionMode.DENY)
SETTINGS = ConversationSettings(
    "claude-code", SessionSetup("Be brief.", True, "opus"), decision_timeout_s=5.0, max_steps=3, retention_s=60.0
)
ROOT = root_of("", SETTINGS)
ENOUGH = 10**7


def turn(number: int, prompt: Message, answer: str, head: str, failure: Failure | None = None) -> TurnRecord:
    request_id = f"00000000-0000-4000-8000-{number:012}"
    outcome = Outcome.SUCCEEDED if failure is None else Outcome.FAILED
    completed = TurnCompleted(request_id, outcome, answer, Usage(1, 2, 3, 4, 0.5), 1.5, 2, failure)
    return TurnRecord(number, request_id, prompt.rows[0], 1000.25 + number, completed, head, f"print {number}")


def branched() -> Snapshot:
    """Two turns, one that failed, and one that regenerated the second."""
    one = chain(ROOT, [u("one\n\u2028two"), a("answer")])
    asked = user("look", PICTURE)
    two = extend(ROOT, one[-1], [asked, agent("seen", {"path": "a"})])
    other = extend(ROOT, one[-1], [asked, agent("seen anew", {"path": "b"})])
    lost = Failure(Reason.WORKER_LOST, "it ended", {"exitCode": "1"}, 1.0)
    records = [
        turn(1, one[0].message, "answer", one[-1].node_id),
        turn(2, asked, "seen", two[-1].node_id),
        turn(3, asked, "", one[-1].node_id, lost),
        turn(4, asked, "seen anew", other[-1].node_id),
    ]
    held = StoredConversation(
        tenant="", conversation_id="tour", settings=msgspec.json.encode(SETTINGS), root=ROOT, head=other[-1].node_id,
        turn_count=4, usage=msgspec.json.encode(Usage(9, 9, 9, 9, 9.5)), create_time=1000.5, update_time=2000.5,
    )  # fmt: skip
    nodes: list[Node] = [*one, *other, two[-1]]
    return Snapshot(held, tuple(stored_turn(record) for record in records), tuple(nodes))


def text_of(snapshot: Snapshot, settings: ConversationSettings = SETTINGS) -> bytes:
    return b"".join(dump(snapshot, settings_json(settings)))


def load(text: bytes, pieces: Callable[[bytes], list[bytes]] = lambda text: [text]) -> Loaded:
    loader = Loader("", PARSER.settings_json, ENOUGH)
    for piece in pieces(text):
        loader.feed(piece)
    return loader.finish()


def test_a_conversation_comes_back_whole() -> None:
    snapshot = branched()
    loaded = load(text_of(snapshot))
    assert (loaded.settings, loaded.nodes, loaded.turns) == (SETTINGS, snapshot.nodes, snapshot.turns)
    assert (loaded.head, loaded.header.usage) == (snapshot.conversation.head, Usage(9, 9, 9, 9, 9.5))
    assert (loaded.header.conversation_id, loaded.header.create_time.timestamp()) == ("tour", 1000.5)


def test_each_line_is_an_object_with_a_type() -> None:
    lines = [json.loads(line) for line in text_of(branched()).splitlines()]
    assert [line["type"] for line in lines] == ["conversation", *["message"] * 5, *["turn"] * 4]
    assert lines[0]["settings"]["system_prompt"] == {"mode": "MODE_REPLACE", "text": "Be brief."}
    assert [line["parent"] for line in lines[1:6]] == [0, 1, 2, 3, 3]
    assert [line["head"] for line in lines[6:]] == [2, 5, 2, 4]
    assert lines[8]["failure"]["reason"] == "WORKER_LOST"


@pytest.mark.parametrize("size", [1, 7, 100, 4096])
def test_the_text_may_come_in_any_pieces(size: int) -> None:
    text = text_of(branched())
    assert load(text, lambda text: [text[at : at + size] for at in range(0, len(text), size)]) == load(text)


def test_the_ends_of_lines_may_be_those_of_windows_and_the_last_may_be_missing() -> None:
    text = text_of(branched())
    assert load(text.replace(b"\n", b"\r\n")) == load(text) == load(text.rstrip(b"\n"))


def test_calls_that_wait_for_their_client_come_back() -> None:
    tools = SessionSetup(tools=(Tool("look", "It looks.", '{"type":"object"}'), Tool("wait")))
    settings = ConversationSettings("claude", tools)
    use = {"type": "tool_use", "id": "t1", "name": "look", "input": {"a": 1}}
    nodes = chain(root_of("", settings), [u("go"), Message("assistant", (Row("assistant", (use,)),), "")])
    record = turn(1, nodes[0].message, "", nodes[-1].node_id)
    call = ToolCalled("t1", "look", '{"a":1}')
    record.completed = TurnCompleted(record.request_id, Outcome.TOOL_CALLS, "", Usage(), 1.0, 1, None, (call,))
    held = msgspec.structs.replace(
        branched().conversation,
        settings=msgspec.json.encode(settings),
        root=root_of("", settings),
        head=nodes[-1].node_id,
    )
    snapshot = Snapshot(held, (stored_turn(record),), tuple(nodes))
    loaded = load(text_of(snapshot, settings))
    assert (loaded.settings, loaded.nodes, loaded.turns) == (settings, snapshot.nodes, snapshot.turns)
    assert loaded.nodes[-1].message.open_calls == (use,)


def test_nothing_said_is_a_conversation_too() -> None:
    held = msgspec.structs.replace(branched().conversation, head="")
    loaded = load(text_of(Snapshot(held, (), ())))
    assert (loaded.nodes, loaded.turns, loaded.head) == ((), (), "")


def test_the_same_words_under_another_system_prompt_are_one_message() -> None:
    elsewhere = chain(root_of("", ConversationSettings("claude")), [u("one")])
    here = chain(ROOT, [u("one")])
    held = msgspec.structs.replace(branched().conversation, head=here[0].node_id)
    loaded = load(text_of(Snapshot(held, (), (*elsewhere, *here))))
    assert loaded.nodes == tuple(here)


def change(number: int, **fields: Any) -> Callable[[list[Any]], None]:
    def edit(lines: list[Any]) -> None:
        lines[number - 1] |= fields

    return edit


def drop(number: int) -> Callable[[list[Any]], None]:
    return lambda lines: lines.pop(number - 1)


def repeat(number: int) -> Callable[[list[Any]], None]:
    return lambda lines: lines.insert(number, lines[number - 1])


TEXT = {"type": "text", "text": "x"}
BAD: list[tuple[Callable[[list[Any]], None], int, str]] = [
    (change(1, format="other"), 1, "format is 'other'"),
    (change(1, version=2), 1, "of version 2"),
    (change(1, head=6), 1, "head is 6, of 5"),
    (change(1, message_count=50_001), 1, "50000 at most"),
    (change(1, turn_count=50_001), 1, "50000 at most"),
    (change(1, create_time="yesterday"), 1, "create_time"),
    (change(1, create_time="2026-01-01T00:00:00"), 1, "create_time"),
    (change(1, settings={"profile": "other"}), 1, "settings.profile"),
    (change(1, settings={"colour": "red"}), 1, "colour"),
    (change(1, settings={"permission_policy": {"mode": "MODE_BYPASS"}}), 1, "BYPASS"),
    (change(1, usage=None), 1, "usage"),
    (change(1, message_count=4), 6, "id is 5"),
    (drop(1), 1, "format"),
    (repeat(1), 2, "only the first line"),
    (change(2, type="remark"), 2, "remark"),
    (change(3, id=7), 3, "id is 7"),
    (drop(3), 3, "id is 3"),
    (change(3, parent=2), 3, "parent is 2"),
    (change(3, parent=-1), 3, "parent"),
    (change(3, role="system"), 3, "role"),
    (change(3, role="user"), 3, "first row"),
    (change(3, rows=[]), 3, "rows"),
    (change(3, rows=[{"role": "assistant", "content": []}]), 3, "no content"),
    (change(3, rows=[{"role": "assistant", "content": [{"text": "x"}]}]), 3, "no type"),
    (change(3, rows=[{"role": "assistant", "content": [{"type": "text"}]}]), 3, "no text"),
    (change(3, rows=[{"role": "assistant", "content": [{"type": "tool_use", "id": 5}]}]), 3, "no id"),
    (change(2, rows=[{"role": "user", "content": [TEXT]}] * 2), 2, "one row"),
    (change(2, rows=[{"role": "user", "content": [{"type": "image"}]}]), 2, "no source"),
    (
        change(2, rows=[{"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "x"}}]}]),
        2,
        "no base64",
    ),
    (
        change(2, rows=[{"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "content": ["x"]}]}]),
        2,
        "no type",
    ),
    (
        change(2, rows=[{"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "content": 5}]}]),
        2,
        "no list",
    ),
    (change(7, turn=2), 7, "turn is 2"),
    (change(7, head=6), 7, "head is 6"),
    (change(7, request_id="one"), 7, "UUID"),
    (change(8, request_id="00000000-0000-4000-8000-000000000001"), 8, "earlier turn"),
    (change(7, outcome="well"), 7, "outcome"),
    (change(9, failure={"reason": "BAD_LUCK", "message": ""}), 9, "BAD_LUCK"),
    (change(7, input=[]), 7, "input"),
    (lambda lines: lines.insert(6, lines.pop(5)), 6, "4 of 5 messages"),
    (repeat(10), 11, "turn is 4"),
    (drop(10), 10, "3 of 4 turns"),
    (lambda lines: lines.clear(), 1, "empty"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "number", "problem"), BAD)
def test_what_is_wrong_is_told_by_its_line(edit: Callable[[list[Any]], None], number: int, problem: str) -> None:
    lines = [json.loads(line) for line in text_of(branched()).splitlines()]
    edit(lines)
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    with pytest.raises(InvalidMessage, match=problem) as caught:
        load(text.encode())
    assert caught.value.metadata == {"field": f"line {number}"}


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"null", b"\xff\xfe", b'{"type": "message"}', b"[" * 100_000, b'{"a": "\\ud800"}']
)
def test_a_line_that_is_none_of_ours_is_told(line: bytes) -> None:
    lines = text_of(branched()).splitlines()
    lines[3] = line
    with pytest.raises(InvalidMessage) as caught:
        load(b"\n".join(lines))
    assert caught.value.metadata == {"field": "line 4"}


def test_what_is_too_large_is_refused_before_it_is_read_whole() -> None:
    loader = Loader("", PARSER.settings_json, 1000)
    loader.feed(b" " * 1000)
    with pytest.raises(InvalidMessage, match="larger than 1000 bytes") as caught:
        loader.feed(b" ")
    assert caught.value.metadata == {"field": "data"}


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_text_is_refused_or_is_still_a_conversation(seed: int) -> None:
    chance = random.Random(seed)
    text = bytearray(text_of(branched()))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text))
        text[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
    loaded, field = None, ""
    try:
        loaded = load(bytes(text))
    except InvalidMessage as refused:
        field = refused.metadata["field"]
    if loaded is None:
        assert field.startswith("line ")
    else:
        known = {node.node_id for node in loaded.nodes} | {""}
        assert {loaded.head, *(turn.head for turn in loaded.turns), *(node.parent_id for node in loaded.nodes)} <= known


def test_rows_are_what_the_model_sees() -> None:
    loaded = load(text_of(branched()))
    assert loaded.nodes[0].message.rows == (Row("user", ({"type": "text", "text": "one\n\u2028two"},)),)
