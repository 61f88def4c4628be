"""Things to say, and a conversation to say them in."""

from collections.abc import Sequence

from hotseat_core.conversation.history import Message
from hotseat_core.journal.node import Node, chain, extend, root_id
from hotseat_core.journal.store import Lease, Store, StoredConversation, StoredTurn
from hotseat_core.worker.rows import Block, Row

TENANT = "acme"
ROOT = root_id(TENANT, "claude")

PICTURE: Block = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0K" * 999}}


def user(text: str, *blocks: Block) -> Message:
    return Message("user", (Row("user", ({"type": "text", "text": text}, *blocks)),))


def assistant(text: str) -> Message:
    return Message("assistant", (Row("assistant", ({"type": "text", "text": text},)),), text)


def agent(text: str, tool_input: Block) -> Message:
    """An answer after the use of a tool that the client does not see."""
    rows = (
        Row("assistant", ({"type": "tool_use", "id": "toolu_1", "name": "Read", "input": tool_input},)),
        Row("user", ({"type": "tool_result", "tool_use_id": "toolu_1", "content": [PICTURE], "is_error": False},)),
        Row("assistant", ({"type": "text", "text": text},)),
    )
    return Message("assistant", rows, text)


def exchange(name: str) -> list[Message]:
    return [user(f"{name}?"), assistant(f"{name}!")]


def conversation(
    conversation_id: str = "c1",
    nodes: Sequence[Node] = (),
    *,
    tenant: str = TENANT,
    root: str = ROOT,
    used: float = 1.0,
    keep_s: float | None = None,
) -> StoredConversation:
    return StoredConversation(
        tenant=tenant,
        conversation_id=conversation_id,
        settings=b'{"profile":"claude"}',
        root=root,
        head=nodes[-1].node_id if nodes else "",
        usage=b"{}",
        create_time=used,
        update_time=used,
        keep_s=keep_s,
    )


def begun(number: int, request_id: str = "") -> StoredTurn:
    return StoredTurn(
        turn=number, request_id=request_id or f"request {number}", input=b'{"n":%d}' % number, start_time=10.0 + number
    )


def ended(number: int, head: str = "", request_id: str = "", outcome: bytes = b'{"outcome":1}') -> StoredTurn:
    turn = begun(number, request_id)
    return StoredTurn(
        turn=number,
        request_id=turn.request_id,
        input=turn.input,
        start_time=turn.start_time,
        completed=outcome,
        head=head,
    )


async def say(
    store: Store, lease: Lease, number: int, nodes: Sequence[Node], messages: Sequence[Message]
) -> list[Node]:
    """Run one turn and return all that was said by its end."""
    said = [*nodes, *extend(ROOT, nodes[-1] if nodes else None, messages)]
    head = said[-1].node_id
    await store.begin_turn(lease, begun(number))
    await store.end_turn(lease, ended(number), said[len(nodes) :], head=head, usage=b'{"output":1}', update_time=20.0)
    return said


async def open_with(store: Store, conversation_id: str, messages: Sequence[Message], *, used: float = 1.0) -> Lease:
    """Create a conversation in which this was said."""
    nodes = chain(ROOT, messages)
    return await store.create(conversation(conversation_id, nodes, used=used), nodes)
