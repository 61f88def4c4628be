"""Messages at their places in the tree of all that was said. No I/O."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import msgspec

from hotseat_core.conversation.history import Message
from hotseat_core.worker.rows import Row

_MOST_STEPS = 32_768  # of paths that clients tell again and again; about 10 MB

_canonical = msgspec.json.Encoder(order="deterministic").encode


class Node(msgspec.Struct, frozen=True):
    """One message at its place: after all that its parents say."""

    node_id: str  # equal if and only if root, parents and message are
    parent_id: str  # empty: the first message
    visible_id: str  # equal where a client can't tell root, parents and message from others
    message: Message


class _Stored(msgspec.Struct, frozen=True):
    """The form of a message on disk."""

    role: Literal["user", "assistant"]
    rows: tuple[Row, ...]
    visible: str | None = None


_decode = msgspec.json.Decoder(_Stored).decode


def root_id(
    tenant: str,
    profile: str,
    *,
    system_prompt: str = "",
    replaces_prompt: bool = False,
    tools: Sequence[Any] = (),
) -> str:
    """Return where a tree begins: messages under different roots have nothing in common."""
    return _hash("root", _canonical([tenant, profile, system_prompt, replaces_prompt, list(tools)]))


def chain(root: str, messages: Sequence[Message]) -> list[Node]:
    """Return the messages as nodes, from the first one on."""
    return extend(root, None, messages)


def extend(root: str, parent: Node | None, messages: Sequence[Message]) -> list[Node]:
    """Return the messages as nodes that follow the parent; None: from the first one on."""
    nodes: list[Node] = []
    for message in messages:
        parent_id, above = (parent.node_id, parent.visible_id) if parent is not None else ("", root)
        node_id = place(parent_id or root, digest(message))
        parent = Node(node_id, parent_id, _visible(above, message.key), message)
        nodes.append(parent)
    return nodes


def visible_path(root: str, messages: Sequence[Message]) -> list[str]:
    """Return the visible ids of the messages as nodes, which cost half of the nodes themselves."""
    found: list[str] = []
    above = root
    for message in messages:
        above = _visible(above, message.key)
        found.append(above)
    return found


def check_path(nodes: Sequence[Node], head: str) -> None:
    """Raise ValueError where these are not nodes one after another, up to the head."""
    for parent, node in pairwise(nodes):
        if node.parent_id != parent.node_id:
            raise ValueError(f"node {node.node_id} does not follow {parent.node_id}")
    if nodes and nodes[-1].node_id != head:
        raise ValueError(f"the nodes end at {nodes[-1].node_id}, the head is {head or 'nothing'}")


def place(above: str, message_digest: str) -> str:
    """Return the node id of a message, by its digest, under a node, or under the root."""
    return _hash("node", above.encode(), message_digest.encode())


def digest(message: Message) -> str:
    """Return a name for all that the message holds, whatever the order of the keys in its blocks."""
    return _hash("message", _canonical(_Stored(message.role, message.rows, message.visible)))


def encode(message: Message) -> bytes:
    """Return the message as it is stored; the order of keys is kept: the provider's cache depends on it."""
    return msgspec.json.encode(_Stored(message.role, message.rows, message.visible))


def decode(stored: bytes) -> Message:
    """Return the message that was stored. Raises msgspec.DecodeError."""
    found = _decode(stored)
    return Message(found.role, found.rows, found.visible)


@lru_cache(_MOST_STEPS)
def _visible(above: str, key: str) -> str:
    return _hash("visible", above.encode(), key.encode())


def _hash(kind: str, *parts: bytes) -> str:
    return hashlib.sha256(b"\0".join((kind.encode(), *parts))).hexdigest()
