"""Reads a conversation that was kept as lines of JSON; whatever is wrong with it is told by its line. No I/O."""

import binascii
import uuid
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import msgspec

from hotseat_core.conversation.book import root_of, stored_turn
from hotseat_core.conversation.history import Message
from hotseat_core.conversation.portable import FORMAT, VERSION, HeaderLine, Line, MessageLine, TurnLine, record_from
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.errors import InvalidMessage
from hotseat_core.journal.node import Node, extend
from hotseat_core.journal.store import Note, StoredTurn
from hotseat_core.worker.rows import Block, Row

MAX_MESSAGES = 50_000  # they are written at once: turns wait meanwhile

_decode = msgspec.json.Decoder(Line).decode


class _Preamble(msgspec.Struct):
    """What every version has in its first line."""

    format: str
    version: int


_decode_preamble = msgspec.json.Decoder(_Preamble).decode


class Loaded(msgspec.Struct, frozen=True):
    """A conversation that was read whole."""

    header: HeaderLine
    settings: ConversationSettings
    nodes: tuple[Node, ...]  # each once, parents first
    turns: tuple[StoredTurn, ...]
    head: str
    notes: dict[int, Note]  # by their turns


class Loader:
    """Takes the text in pieces that end anywhere. Every method raises InvalidMessage, whose field is the line."""

    def __init__(
        self, tenant: str, read_settings: Callable[[dict[str, Any]], ConversationSettings], max_bytes: int
    ) -> None:
        self._tenant = tenant  # whose conversation it will be
        self._read_settings = read_settings  # raises InvalidMessage
        self._max_bytes = max_bytes
        self._size = 0
        self._rest = bytearray()  # of a line whose end has not come yet
        self._number = 0  # of the latest line
        self._header: HeaderLine | None = None
        self._settings: ConversationSettings | None = None
        self._root = ""
        self._placed: list[Node] = []  # by the number of their messages, from 1
        self._turns: list[StoredTurn] = []
        self._notes: dict[int, Note] = {}
        self._request_ids: set[str] = set()

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        self._size += len(data)
        if self._size > self._max_bytes:
            raise InvalidMessage(
                f"the conversation is larger than {self._max_bytes} bytes, the most that this server takes in; "
                "its operator can raise HOTSEAT_MAX_IMPORT_BYTES",
                metadata={"field": "data"},
            )
        start = len(self._rest)
        self._rest += data
        if b"\n" not in data:
            return
        end = self._rest.rindex(b"\n", start)
        lines = bytes(self._rest[:end])
        del self._rest[: end + 1]
        for line in lines.split(b"\n"):
            self._take(line)

    def finish(self) -> Loaded:
        """Return the conversation, after the last piece."""
        if self._rest:
            self._take(bytes(self._rest))
            self._rest.clear()
        header, settings = self._header, self._settings
        if header is None or settings is None:
            raise InvalidMessage("the conversation is empty: line 1 is missing", metadata={"field": "line 1"})
        if (len(self._placed), len(self._turns)) != (header.message_count, header.turn_count):
            raise InvalidMessage(
                f"the conversation ends after line {self._number}, with {len(self._placed)} of {header.message_count} "
                f"messages and {len(self._turns)} of {header.turn_count} turns: a part of it is missing",
                metadata={"field": f"line {self._number + 1}"},
            )
        nodes = {node.node_id: node for node in self._placed}
        return Loaded(
            header, settings, tuple(nodes.values()), tuple(self._turns), self._node_id(header.head), self._notes
        )

    def _take(self, text: bytes) -> None:
        self._number += 1
        if not text.strip():
            return
        try:
            if self._header is None:
                self._check_preamble(text)
            self._add(_decode(text))
        except InvalidMessage as exc:
            raise self._bad(exc.message) from exc
        except KeyError as exc:
            raise self._bad(f"has an unknown reason {exc}") from exc
        except msgspec.MsgspecError as exc:
            raise self._bad(str(exc)) from exc
        except (RecursionError, UnicodeError) as exc:
            raise self._bad("is no JSON that can be read") from exc

    def _bad(self, problem: str) -> InvalidMessage:
        return InvalidMessage(f"line {self._number}: {problem}", metadata={"field": f"line {self._number}"})

    def _check_preamble(self, text: bytes) -> None:
        found = _decode_preamble(text)
        if found.format != FORMAT:
            _refuse(f"the format is {found.format!r}, not {FORMAT!r}")
        if found.version != VERSION:
            _refuse(f"the format is of version {found.version}, and this server knows {VERSION}: use a newer one")

    def _add(self, line: Line) -> None:
        if isinstance(line, HeaderLine):
            self._add_header(line)
        elif self._header is None:
            _refuse("the first line must be of type conversation")
        elif isinstance(line, MessageLine):
            self._add_message(line, self._header)
        else:
            self._add_turn(line, self._header)

    def _add_header(self, line: HeaderLine) -> None:
        if self._header is not None:
            _refuse("only the first line may be of type conversation")
        if line.message_count > MAX_MESSAGES or line.turn_count > MAX_MESSAGES:
            _refuse(f"message_count and turn_count may be {MAX_MESSAGES} at most")
        if line.head > line.message_count:
            _refuse(f"head is {line.head}, of {line.message_count} messages")
        self._settings = self._read_settings(line.settings)
        self._root = root_of(self._tenant, self._settings)
        self._header = line

    def _add_message(self, line: MessageLine, header: HeaderLine) -> None:
        if self._turns:
            _refuse("all messages must stand before the first turn")
        if line.id != len(self._placed) + 1 or line.id > header.message_count:
            _refuse(f"id is {line.id} where it should be {len(self._placed) + 1} of {header.message_count}")
        if line.parent >= line.id:
            _refuse(f"parent is {line.parent}, which is not before message {line.id}")
        _check_rows(line.role, line.rows)
        parent = self._placed[line.parent - 1] if line.parent else None
        self._placed += extend(self._root, parent, [Message(line.role, line.rows, line.visible)])

    def _add_turn(self, line: TurnLine, header: HeaderLine) -> None:
        if len(self._placed) != header.message_count:
            _refuse(f"{len(self._placed)} of {header.message_count} messages stand before the first turn")
        if line.turn != len(self._turns) + 1 or line.turn > header.turn_count:
            _refuse(f"turn is {line.turn} where it should be {len(self._turns) + 1} of {header.turn_count}")
        if line.head > header.message_count:
            _refuse(f"head is {line.head}, of {header.message_count} messages")
        _check_rows("user", [Row("user", line.input)])
        request_id = _request_id(line.request_id)
        if request_id in self._request_ids:
            _refuse(f"request_id {request_id} stands in an earlier turn")
        self._request_ids.add(request_id)
        record = record_from(msgspec.structs.replace(line, request_id=request_id), self._node_id(line.head))
        self._turns.append(stored_turn(record))
        if line.note is not None:
            if not line.note.label:
                _refuse("the note has no label")
            self._notes[line.turn] = line.note

    def _node_id(self, number: int) -> str:
        return self._placed[number - 1].node_id if number else ""


def _refuse(problem: str) -> NoReturn:
    raise InvalidMessage(problem)


def _request_id(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        _refuse("request_id is no UUID")


def _check_rows(role: str, rows: Sequence[Row]) -> None:
    if role == "user" and len(rows) != 1:
        _refuse("a message of the user has one row")
    if rows[0].role != role:
        _refuse(f"the first row of a message of role {role} must be of that role")
    for row in rows:
        if not row.content:
            _refuse("a row has no content")
        _check_blocks(row.content)


def _check_blocks(blocks: Sequence[Any]) -> None:
    """Refuse what our own code could not work with; the rest is the model's provider's to judge."""
    for block in blocks:
        kind = block.get("type") if isinstance(block, dict) else None
        match kind:
            case "text":
                _check_words(block, "text")
            case "image" | "document":
                _check_source(block.get("source"))
            case "tool_use":
                _check_words(block, "id", "name")
            case "tool_result":
                _check_words(block, "tool_use_id")
                if not isinstance(block.get("content") or "", str):
                    _check_blocks(_listed(block["content"]))
            case None | "":
                _refuse("a block of content has no type")


def _check_words(block: Block, *fields: str) -> None:
    for field in fields:
        if not (isinstance(block.get(field), str) and block[field]):
            _refuse(f"a block of type {block['type']} has no {field}")


def _check_source(source: Any) -> None:
    kind = source.get("type") if isinstance(source, dict) else None
    fields = {"base64": ("media_type", "data"), "url": ("url",)}.get(str(kind), ())
    if kind is None or not all(isinstance(source.get(field), str) for field in fields):
        _refuse("a picture or file has no source that can be read")
    if kind == "base64":
        try:
            binascii.a2b_base64(source["data"])
        except ValueError:
            _refuse("the data of a picture or file is no base64")


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else _refuse("the content of a tool_result is no list")
