"""A turn whose answer has to fit a schema: what of it is told, and what it came to. No I/O."""

import msgspec

from hotseat_core.errors import Reason
from hotseat_core.events import Event, Failure, Outcome, TextDelta, TextRetracted, ToolStarted, UsageReported
from hotseat_core.worker.json_text import JsonFilter, only_json
from hotseat_core.worker.output_schema import OutputSchema
from hotseat_core.worker.rows import Row
from hotseat_core.worker.translate import TurnReport


class Shaping:
    """Follows one attempt at the answer.

    is_held: text is told when it is whole, and fits; and of an agent, who talks before using tools, only the last
    message's. Otherwise it is told as it comes.
    """

    def __init__(self, schema: OutputSchema, *, is_held: bool) -> None:
        is_enforced = schema.enforced is not None
        self.is_held = is_held or not (is_enforced or schema.kind in {"object", "array"})
        self._schema = schema
        self._filter = None if self.is_held or is_enforced else JsonFilter(schema.kind)
        self._message: dict[int, str] = {}  # held text of the present model call, by block
        self._uses_tool = False  # one of the agent's own, in the present model call
        self._answer: list[str] = []  # what was told of the answer, or held of it
        self._block: int | None = None  # what is told is one block: JSON has no breaks in it

    def take(self, events: list[Event]) -> list[Event]:
        """Return what the client is to hear of these."""
        return [told for event in events for told in self._take(event)]

    def _take(self, event: Event) -> list[Event]:
        match event:
            case TextDelta() if self.is_held:
                self._message[event.block] = self._message.get(event.block, "") + event.text
                return []
            case TextDelta():
                return self._tell(event)
            case TextRetracted() if self.is_held:
                self._message[event.block] = self._message.get(event.block, "")[: event.kept_length]
                return []
            case ToolStarted() if not event.parent_tool_use_id:
                self._uses_tool = self._uses_tool or not event.client_tool
            case UsageReported() if self.is_held:
                self._end_call()
        return [event]

    def _tell(self, event: TextDelta) -> list[Event]:
        piece = event.text if self._filter is None else self._filter.feed(event.text)
        if not piece:
            return []
        self._answer.append(piece)
        self._block = event.block if self._block is None else self._block
        return [TextDelta(piece, self._block)]

    def _end_call(self) -> None:
        """A model call is over: what it said is the answer, unless there is more to come."""
        text = "".join(self._message[block] for block in sorted(self._message))
        self._answer = [] if self._uses_tool else [text]
        self._block = min(self._message, default=0)
        self._message, self._uses_tool = {}, False

    def finish(self, report: TurnReport) -> tuple[TurnReport, list[Event]]:
        """Return what the turn came to, and what is still to be told: failed, where the answer does not fit."""
        answer = "".join(self._answer)
        if self.is_held and self._schema.enforced is None:
            answer = only_json(answer, self._schema.kind)
        if report.ending.outcome is not Outcome.SUCCEEDED:
            text = answer if self.is_held else answer or report.text
            return msgspec.structs.replace(report, text=text), self._rest(answer)
        if problem := self._schema.problem(answer or report.text):
            failure = Failure(Reason.OUTPUT_INVALID, _NO_FIT.format(problem), {"problem": problem}, retry_delay_s=1.0)
            ending = msgspec.structs.replace(report.ending, outcome=Outcome.FAILED, failure=failure)
            return msgspec.structs.replace(report, ending=ending, text="" if self.is_held else answer), []
        rows = _saying(report.rows, answer)
        return msgspec.structs.replace(report, text=answer, rows=rows, output_json=answer), self._rest(answer)

    def _rest(self, answer: str) -> list[Event]:
        return [TextDelta(answer, self._block or 0)] if self.is_held and answer else []


_NO_FIT = "the model's answer does not fit the schema that was asked for: {}; ask again"


def _saying(rows: tuple[Row, ...], text: str) -> tuple[Row, ...]:
    """The rows, with this text as the last one's."""
    if not rows or rows[-1].role != "assistant":
        return rows
    last = rows[-1].content
    if "".join(str(block["text"]) for block in last if block.get("type") == "text") == text:
        return rows
    others = tuple(block for block in last if block.get("type") != "text")
    return (*rows[:-1], Row("assistant", (*others, {"type": "text", "text": text})))
