"""What the journal knows of a client's history: clients see an agent's answers, not its doings in between."""

from collections.abc import Callable, Sequence

from hotseat_core.conversation.book import root_of
from hotseat_core.conversation.history import Message
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.journal.node import Node, chain, extend, visible_path
from hotseat_core.journal.store import Store

# Returns the nodes up to the head, which is so deep, where they are in memory.
Held = Callable[[str, int], Sequence[Node] | None]


async def as_known(
    store: Store,
    tenant: str,
    settings: ConversationSettings,
    claimed: Sequence[Message],
    held: Held = lambda _head, _depth: None,
) -> list[Node]:
    """Return the client's history, with what the journal has beyond it of the agent's own doings."""
    root = root_of(tenant, settings)
    found = await store.find(tenant, visible_path(root, claimed)) if claimed else None
    if found is None:
        return chain(root, claimed)
    known = held(found.head, found.depth) or await store.messages(tenant, found.head)
    return [*known, *extend(root, known[-1], claimed[found.depth :])]


async def recalled(
    store: Store, tenant: str, settings: ConversationSettings, held: Sequence[Message], wanted: Sequence[Message]
) -> tuple[Message, ...]:
    """Return the wanted history of a conversation, its parting from what it holds completed as far as that is known."""
    pairs = zip(held, wanted, strict=False)
    same = next((position for position, (ours, theirs) in enumerate(pairs) if ours != theirs), len(held))
    if same >= len(wanted):
        return tuple(wanted)
    known = await as_known(store, tenant, settings, wanted)
    return (*wanted[:same], *(node.message for node in known[same:]))
