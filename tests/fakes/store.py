"""A journal in memory, by the same rules: what the others are compared with."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

import msgspec
from hotseat_core.errors import ConversationExists, DuplicateRequest, Fenced, HistoryLost, InvalidMessage, StorageFailed
from hotseat_core.journal.cursor import cursor_after, position_of
from hotseat_core.journal.node import Node, check_path, encode
from hotseat_core.journal.store import (
    Due,
    Found,
    Lease,
    Note,
    NotedPage,
    Page,
    PlacedTurn,
    Said,
    Snapshot,
    StoredConversation,
    StoredTurn,
)

Key = tuple[str, str]  # tenant, conversation id


class MemoryStore:
    """A Store without a disk; `failing` makes it refuse as a full disk would."""

    recovered: str | None = None

    def __init__(self) -> None:
        self.failing = False
        self.nodes: dict[tuple[str, str], Node] = {}  # tenant, node id; in the order in which they were written
        self._conversations: dict[Key, StoredConversation] = {}
        self._turns: dict[Key, list[StoredTurn]] = {}
        self._notes: dict[tuple[str, str, int], Note] = {}  # tenant, conversation id, turn
        self._epoch = 0

    async def open(self) -> None:
        pass

    async def aclose(self) -> None:
        pass

    async def create(self, conversation: StoredConversation, nodes: Sequence[Node]) -> Lease:
        self._check_disk()
        check_path(nodes, conversation.head)
        key = (conversation.tenant, conversation.conversation_id)
        if key in self._conversations:
            raise ConversationExists(f"conversation {key[1]} exists")
        self._add(key[0], nodes, conversation.head)
        self._epoch += 1
        self._conversations[key] = msgspec.structs.replace(conversation, epoch=self._epoch)
        self._turns[key] = []
        return Lease(*key, self._epoch)

    async def claim(self, tenant: str, conversation_id: str) -> tuple[StoredConversation, Lease] | None:
        self._check_disk()
        key = (tenant, conversation_id)
        if key not in self._conversations:
            return None
        self._epoch += 1
        self._change(key, epoch=self._epoch)
        return self._conversations[key], Lease(*key, self._epoch)

    async def begin_turn(
        self, lease: Lease, turn: StoredTurn, *, workspace: str | None = None, note: Note | None = None
    ) -> None:
        key = self._fence(lease)
        for known in self._turns[key]:
            if known.request_id == turn.request_id:
                raise DuplicateRequest("known", metadata={"requestId": turn.request_id, "turn": str(known.turn)})
        held = self._conversations[key]
        if turn.turn != held.turn_count + 1:
            raise ValueError(f"turn {turn.turn} is not the next one")
        where = held.workspace if workspace is None else workspace
        self._change(key, turn_count=turn.turn, workspace=where, update_time=turn.start_time)
        self._turns[key].append(msgspec.structs.replace(turn, completed=None, head=""))
        if note is not None:
            self._notes[*key, turn.turn] = note

    async def end_turn(
        self, lease: Lease, turn: StoredTurn, nodes: Sequence[Node], *, head: str, usage: bytes, update_time: float
    ) -> None:
        check_path(nodes, head)
        if turn.completed is None:
            raise ValueError(f"turn {turn.turn} has not ended")
        key = self._fence(lease)
        noted = next(
            (known for known in self._turns[key] if (known.turn, known.request_id) == (turn.turn, turn.request_id)),
            None,
        )
        if noted is None:
            raise ValueError(f"turn {turn.turn} was not begun")
        if noted.completed is not None:
            if (noted.completed, noted.head) != (turn.completed, head):
                raise ValueError(f"turn {turn.turn} has ended otherwise")
            return
        self._add(key[0], nodes, head)
        ended = msgspec.structs.replace(noted, completed=turn.completed, head=head)
        self._turns[key] = [ended if known is noted else known for known in self._turns[key]]
        self._change(key, head=head, usage=usage, update_time=update_time)
        self._collect()

    async def move(
        self,
        lease: Lease,
        *,
        nodes: Sequence[Node],
        head: str,
        root: str,
        settings: bytes,
        keep_s: float | None,
        update_time: float,
    ) -> None:
        check_path(nodes, head)
        key = self._fence(lease)
        self._add(key[0], nodes, head)
        self._change(key, head=head, root=root, settings=settings, keep_s=keep_s, update_time=update_time)
        self._collect()

    async def delete(self, tenant: str, conversation_id: str) -> bool:
        self._check_disk()
        found = self._conversations.pop((tenant, conversation_id), None)
        self._turns.pop((tenant, conversation_id), None)
        self._notes = {place: note for place, note in self._notes.items() if place[:2] != (tenant, conversation_id)}
        self._collect()
        return found is not None

    async def overdue(self, due: Due, *, limit: int) -> tuple[Key, ...]:
        self._check_disk()
        return tuple(key for key in self._conversations if self._is_due(key, due))[:limit]

    async def expire(self, tenant: str, conversation_id: str, due: Due) -> bool:
        self._check_disk()
        key = (tenant, conversation_id)
        return key in self._conversations and self._is_due(key, due) and await self.delete(*key)

    async def working_in(self, ending: str, *, limit: int) -> tuple[str, ...]:
        self._check_disk()
        found = (name for (_, name), held in self._conversations.items() if held.workspace.endswith(ending))
        return tuple(found)[:limit]

    def _is_due(self, key: Key, due: Due) -> bool:
        return due.includes(self._conversations[key]) and all(turn.completed is not None for turn in self._turns[key])

    async def messages(self, tenant: str, head: str) -> tuple[Node, ...]:
        self._check_disk()
        path: list[Node] = []
        while head:
            node = self.nodes.get((tenant, head))
            if node is None:
                raise HistoryLost("this place of the history is not in the journal any more")
            path.insert(0, node)
            head = node.parent_id
        return tuple(path)

    async def said(
        self,
        tenant: str,
        conversation_id: str,
        *,
        head: str = "",
        start: int = 0,
        limit: int,
        latest_first: bool = False,
        max_bytes: int,
    ) -> Said | None:
        held = self._conversations.get((tenant, conversation_id))
        if held is None:
            return None
        head = head or held.head
        path = await self.messages(tenant, head)
        places = range(max(start, 1), len(path) + 1)
        if latest_first:
            places = range(min(start or len(path), len(path)), 0, -1)
        chosen: list[int] = []
        size = 0
        for place in places[:limit]:
            size += len(encode(path[place - 1].message))
            if chosen and size > max_bytes:
                break
            chosen.append(place)
        chosen.sort()
        nodes = tuple(path[place - 1] for place in chosen)
        next_id = path[chosen[-1]].node_id if chosen and chosen[-1] < len(path) else ""
        heads = {node.node_id for node in nodes} | ({next_id} if next_id else set())
        turns = tuple(turn for turn in self._turns[tenant, conversation_id] if turn.head in heads)
        return Said(head, len(path), chosen[0] if chosen else 0, nodes, next_id, turns)

    async def snapshot(self, tenant: str, conversation_id: str) -> Snapshot | None:
        self._check_disk()
        key = (tenant, conversation_id)
        if key not in self._conversations:
            return None
        turns = tuple(turn for turn in self._turns[key] if turn.completed is not None)
        nodes: dict[str, Node] = {}
        for head in (self._conversations[key].head, *(turn.head for turn in turns)):
            nodes |= {node.node_id: node for node in await self.messages(tenant, head) if node.node_id not in nodes}
        notes = {turn.turn: self._notes[*key, turn.turn] for turn in turns if (*key, turn.turn) in self._notes}
        return Snapshot(self._conversations[key], turns, tuple(nodes.values()), notes)

    async def restore(self, snapshot: Snapshot) -> None:
        made = snapshot.conversation
        known = set(self.nodes)
        for node in snapshot.nodes:
            if node.parent_id and (made.tenant, node.parent_id) not in known:
                raise HistoryLost("the messages that this follows are not in the journal any more")
            known.add((made.tenant, node.node_id))
        await self.create(msgspec.structs.replace(made, head=""), [])
        self.nodes |= {(made.tenant, node.node_id): node for node in snapshot.nodes}
        self._turns[made.tenant, made.conversation_id] = list(snapshot.turns)
        self._notes |= {(made.tenant, made.conversation_id, turn): note for turn, note in snapshot.notes.items()}
        self._change((made.tenant, made.conversation_id), head=made.head)
        self._collect()

    async def turns(self, tenant: str, conversation_id: str, *, after: int = 0, limit: int) -> tuple[StoredTurn, ...]:
        found = [turn for turn in self._turns.get((tenant, conversation_id), []) if turn.turn > after]
        return tuple(found[:limit])

    async def turn_of_request(self, tenant: str, conversation_id: str, request_id: str) -> StoredTurn | None:
        turns = self._turns.get((tenant, conversation_id), [])
        return next((turn for turn in turns if turn.request_id == request_id), None)

    async def latest_turn(self, tenant: str, *, request_id: str = "", fingerprint: str = "") -> PlacedTurn | None:
        found = [
            PlacedTurn(owner, conversation_id, turn, self._notes.get((owner, conversation_id, turn.turn)))
            for (owner, conversation_id), turns in self._turns.items()
            for turn in turns
            if owner == tenant
            and (turn.request_id == request_id if request_id else fingerprint and turn.fingerprint == fingerprint)
        ]
        return max(found, key=lambda placed: placed.turn.start_time, default=None)

    async def noted(
        self,
        tenant: str,
        *,
        label: str,
        model: str = "",
        metadata: Mapping[str, str] | None = None,
        after: str = "",
        latest_first: bool = False,
        limit: int,
        max_bytes: int,
    ) -> NotedPage:
        wanted = (metadata or {}).items()
        found = [
            PlacedTurn(tenant, conversation_id, turn, note)
            for (owner, conversation_id), turns in self._turns.items()
            for turn in turns
            if owner == tenant and (note := self._notes.get((owner, conversation_id, turn.turn))) is not None
            if note.label == label
        ]
        found.sort(key=lambda placed: (placed.turn.start_time, placed.turn.request_id), reverse=latest_first)
        requests = [placed.turn.request_id for placed in found]
        if after and after not in requests:
            raise InvalidMessage("page_token is none of ours")
        beyond = found[requests.index(after) + 1 :] if after else found
        fitting = [
            placed
            for placed in beyond
            if placed.note is not None and wanted <= placed.note.metadata.items() and model in ("", placed.note.model)
        ]
        sizes = accumulate(_size(placed) for placed in fitting)
        count = sum(index == 0 or (index < limit and size <= max_bytes) for index, size in enumerate(sizes))
        return NotedPage(tuple(fitting[:count]), len(fitting) > count)

    async def change_note(self, tenant: str, request_id: str, note: Note | None) -> bool:
        placed = await self.latest_turn(tenant, request_id=request_id)
        if placed is None or placed.note is None:
            return False
        key = (tenant, placed.conversation_id, placed.turn.turn)
        if note is None:
            del self._notes[key]
        else:
            self._notes[key] = note
        return True

    async def find(self, tenant: str, visible_ids: Sequence[str]) -> Found | None:
        for depth in range(len(visible_ids), 0, -1):
            ids = [
                node.node_id
                for (owner, _), node in self.nodes.items()
                if (owner, node.visible_id) == (tenant, visible_ids[depth - 1])
            ]
            if ids:
                there = [held for held in self._by_use(tenant) if held.head in ids]
                return Found(depth, there[0].head if there else ids[-1], tuple(there[:8]))
        return None

    async def get(self, tenant: str, conversation_id: str) -> StoredConversation | None:
        self._check_disk()
        return self._conversations.get((tenant, conversation_id))

    async def interrupted_turns(self) -> tuple[PlacedTurn, ...]:
        return tuple(
            PlacedTurn(*key, turn)
            for key, turns in sorted(self._turns.items())
            for turn in turns
            if turn.completed is None
        )

    async def list(self, tenant: str, *, after: str = "", limit: int) -> Page:
        position = position_of(after)
        found = [held for held in self._by_use(tenant) if (held.update_time, held.conversation_id) < position]
        chosen = tuple(found[:limit])
        return Page(chosen, cursor_after(chosen[-1]) if len(found) > limit else "")

    def _by_use(self, tenant: str) -> "tuple[StoredConversation, ...]":
        held = [found for (owner, _), found in self._conversations.items() if owner == tenant]
        return tuple(sorted(held, key=lambda found: (found.update_time, found.conversation_id), reverse=True))

    def _check_disk(self) -> None:
        if self.failing:
            raise StorageFailed("the journal failed; the disk is full")

    def _fence(self, lease: Lease) -> Key:
        self._check_disk()
        key = (lease.tenant, lease.conversation_id)
        held = self._conversations.get(key)
        if held is None or held.epoch != lease.epoch:
            raise Fenced(f"conversation {lease.conversation_id} was taken over or deleted")
        return key

    def _change(self, key: Key, **fields: object) -> None:
        self._conversations[key] = msgspec.structs.replace(self._conversations[key], **fields)

    def _add(self, tenant: str, nodes: Sequence[Node], head: str) -> None:
        known = {node_id for owner, node_id in self.nodes if owner == tenant} | {node.node_id for node in nodes}
        if (nodes and nodes[0].parent_id and nodes[0].parent_id not in known) or (head and head not in known):
            raise HistoryLost("the messages that this follows are not in the journal any more")
        for node in nodes:
            self.nodes.setdefault((tenant, node.node_id), node)

    def _collect(self) -> None:
        reached: set[tuple[str, str]] = set()
        heads = [(key[0], held.head) for key, held in self._conversations.items()]
        heads += [(key[0], turn.head) for key, turns in self._turns.items() for turn in turns]
        for tenant, head in heads:
            place = head
            while place and (tenant, place) not in reached:
                reached.add((tenant, place))
                place = self.nodes[tenant, place].parent_id
        self.nodes = {key: node for key, node in self.nodes.items() if key in reached}


def _size(placed: PlacedTurn) -> int:
    body = placed.note.body if placed.note is not None else ""
    return len(body.encode()) + len(placed.turn.input) + len(placed.turn.completed or b"")
