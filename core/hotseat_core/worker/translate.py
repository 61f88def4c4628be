"""The CLI's messages of one turn to events. No I/O and no clock: a message in, events out."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hotseat_core.errors import Reason
from hotseat_core.events import (
    Event,
    Failure,
    Outcome,
    ToolCalled,
    Usage,
    UsageReported,
)
from hotseat_core.worker.ending import cutting_outcome, hopeless_retry, result_failure, usage_of
from hotseat_core.worker.frames import Message
from hotseat_core.worker.notices import notice_of
from hotseat_core.worker.rows import Block, Row, RowCollector, count_texts
from hotseat_core.worker.telling import Telling
from hotseat_core.worker.tool_uses import ToolUses
from hotseat_core.worker.troubles import Troubles


class Ending(msgspec.Struct, frozen=True):
    """How the worker's part of a turn ended."""

    outcome: Outcome
    failure: Failure | None = None
    # The session stands where it stood before the turn plus its rows. Otherwise it must be rewound.
    clean: bool = False


class TurnReport(msgspec.Struct, frozen=True):
    """What a turn came to."""

    ending: Ending
    text: str
    rows: tuple[Row, ...]  # what it added to the session after its prompt
    usage: Usage
    step_count: int
    calls: tuple[ToolCalled, ...] = ()  # that the client has to answer
    output_json: str = ""  # the answer, where it had to fit a schema and does
    troubles: Troubles = Troubles()


_DIVERGED = Failure(
    Reason.ATTEMPT_ABANDONED,
    "the model's provider broke off in mid-answer, and its second answer was another; ask again",
    retry_delay_s=1.0,
)
_NO_JSON = Failure(
    Reason.PROVIDER, "the model called a tool with an input that is no JSON object; ask again", retry_delay_s=1.0
)


class TurnTranslator:
    """Follows one turn; `ending` is set by the message that ends it."""

    def __init__(
        self,
        *,
        allow_retraction: bool = False,
        max_steps: int = 0,
        is_client_tool: Callable[[str], bool] = lambda _name: False,
    ) -> None:
        self.ending: Ending | None = None
        self.step_count = 0
        self.usage = Usage()
        self.calls: tuple[ToolCalled, ...] = ()  # with which the turn ended
        self.troubles = Troubles()
        self._tools = ToolUses(is_client_tool)
        self._allow_retraction = allow_retraction
        self._telling = Telling(allow_retraction=allow_retraction, on_contradiction=self._on_contradiction)
        self._max_steps = max_steps  # 0: unbounded
        self._message_id = ""
        self._message_open = False  # message_start was seen, and no stop reason yet
        self._streamed: set[str] = set()  # API messages whose blocks came as stream events
        self._rowed_texts = 0  # text blocks of the present message that its rows hold
        self._whole_blocks = 0  # blocks of the present message that came without streaming
        self._whole_stop: str | None = None  # its stop reason, once it is whole
        self._rows = RowCollector()
        self._call_usage: dict[str, Any] = {}
        self._api_error = ""
        self._handlers: dict[str, Callable[[dict[str, Any]], list[Event]]] = {
            "message_start": self._on_message_start,
            "content_block_start": self._on_block_start,
            "content_block_delta": self._on_block_delta,
            "content_block_stop": self._on_block_stop,
            "message_delta": self._on_message_delta,
        }

    # ---- what the turn came to

    @property
    def text(self) -> str:
        """The visible answer: text blocks in order, joined by a blank line."""
        return self._telling.text

    def rows(self) -> tuple[Row, ...]:
        """Return the rows that the turn added to the session, cut to whole ones."""
        unfinished = self._telling.unfinished_texts()[self._rowed_texts :]
        kept = [{"type": "text", "text": text} for text in unfinished]
        return self._rows.rows(kept, unanswered={call.tool_use_id for call in self.calls})

    # ---- the messages

    @property
    def open_tools(self) -> set[str]:
        """Tool uses that the CLI has begun and not completed."""
        return self._tools.open

    @property
    def is_silence_fine(self) -> bool:
        """The model has said its part, and a tool runs that it waits for."""
        return bool(self.open_tools) and not self._message_open

    def feed(self, message: Message) -> list[Event]:
        """Return what the message means for the client."""
        events = self._finish_whole(message)
        return events if self.ending is not None else events + self._feed(message)

    def _feed(self, message: Message) -> list[Event]:
        kind = message.get("type")
        parent = message.get("parent_tool_use_id")
        if kind == "stream_event":
            return [] if parent else self._on_stream_event(message)
        if kind == "assistant":
            return self._on_subagent(message, parent) if parent else self._on_assistant(message)
        if kind == "user":
            return self._on_user(message, is_main=not parent)
        if kind == "result":
            self._end(message)
            return []
        return self._on_system(message) if kind in {"system", "rate_limit_event"} else []

    def _on_stream_event(self, message: Message) -> list[Event]:
        event = message["event"]
        if event["type"] == "message_stop":
            return self._abandon(message["abandoned_blocks"]) if "abandoned_blocks" in message else []
        handler = self._handlers.get(event["type"])
        return handler(event) if handler else []

    def _on_message_start(self, event: dict[str, Any]) -> list[Event]:
        events = self._abandon({"api_message_id": self._message_id}) if self._message_open else []
        self._begin_message(event["message"]["id"])
        self._streamed.add(self._message_id)
        self._call_usage = dict(event["message"].get("usage") or {})
        return events

    def _begin_message(self, message_id: str) -> None:
        self._telling.begin_message()
        self._message_id = message_id
        self._message_open = True
        self._tools.begin_message()
        self._rowed_texts = self._whole_blocks = 0
        self.step_count += 1
        if self._max_steps and self.step_count > self._max_steps:
            limit = Failure(Reason.TURN_LIMIT, f"the turn reached its limit of {self._max_steps} model calls")
            self.ending = Ending(Outcome.FAILED, limit)

    def _on_block_start(self, event: dict[str, Any]) -> list[Event]:
        block, index = event["content_block"], event["index"]
        kind = block["type"]
        if kind in {"text", "thinking"}:
            return self._telling.begin_block(kind, index) + self._telling.say(index, block.get(kind) or "")
        return self._tools.begin(index, block, self._telling.new_block()) if kind == "tool_use" else []

    def _on_block_delta(self, event: dict[str, Any]) -> list[Event]:
        delta, index = event["delta"], event["index"]
        match delta["type"]:
            case "text_delta":
                return self._telling.say(index, delta["text"])
            case "thinking_delta":
                return self._telling.say(index, delta["thinking"])
            case "input_json_delta":
                return self._tools.add(index, delta["partial_json"])
        return []

    def _on_block_stop(self, event: dict[str, Any]) -> list[Event]:
        return self._tools.finish(event["index"])

    def _on_message_delta(self, event: dict[str, Any]) -> list[Event]:
        stop_reason = event["delta"].get("stop_reason")
        if stop_reason is None:
            return []
        return self._finish_message(stop_reason, event.get("usage") or {})

    def _finish_message(self, stop_reason: str | None, usage: dict[str, Any]) -> list[Event]:
        self._message_open = False
        events = self._telling.finish_message()
        self._call_usage.update({key: value for key, value in usage.items() if value is not None})
        spent = usage_of(self._call_usage)
        self.usage += spent
        outcome = cutting_outcome(stop_reason)
        if outcome is not None and self.ending is None:
            self.ending = Ending(outcome)
        if self._tools.has_broken_call:
            self.ending = self.ending or Ending(Outcome.FAILED, _NO_JSON)
        return [*events, UsageReported(spent), *self._end_at_calls()]

    def _end_at_calls(self) -> list[Event]:
        """The client has to answer, once the CLI's own tools of the same message have."""
        if self.ending is not None or self._message_open or self.open_tools or not self._tools.calls:
            return []
        self.calls = self._tools.calls
        self.ending = Ending(Outcome.TOOL_CALLS)
        return list(self.calls)

    def _on_assistant(self, message: Message) -> list[Event]:
        api = message["message"]
        if api.get("model") == "<synthetic>" or message.get("is_api_error_message"):
            self._api_error = str(message.get("error") or "")
            return []
        if message.get("aborted"):
            return []
        content: list[Block] = api["content"]
        self._rows.add_assistant(api["id"], content)
        if api["id"] == self._message_id:
            self._rowed_texts += count_texts(content)
        if api["id"] in self._streamed:
            return []
        return self._tell_whole(api, content)

    def _tell_whole(self, api: dict[str, Any], content: Sequence[Block]) -> list[Event]:
        """The CLI fell back to a call without streaming: it sends a message a block, all with the API message's id."""
        events: list[Event] = []
        if api["id"] != self._message_id:
            events += self._abandon({"api_message_id": self._message_id}) if self._message_open else []
            self._begin_message(api["id"])
            self._rowed_texts = count_texts(content)
            self._call_usage = dict(api.get("usage") or {})
        for index, block in enumerate(content, self._whole_blocks):
            events += self._on_block_start({"index": index, "content_block": block})
            if block["type"] == "tool_use":
                self._tools.tell_whole(index, block.get("input"))
            events += self._on_block_stop({"index": index})
        self._whole_blocks += len(content)
        self._whole_stop = api.get("stop_reason")
        return events

    def _finish_whole(self, next_message: Message) -> list[Event]:
        """Nothing says that a message that was not streamed is whole, but that another one follows."""
        kind = next_message.get("type")
        is_aside = next_message.get("parent_tool_use_id") or kind not in {"stream_event", "assistant", "user", "result"}
        if not self._whole_blocks or is_aside:
            return []
        if kind == "assistant" and next_message["message"]["id"] == self._message_id:
            return []
        return self.finish_whole()

    def finish_whole(self) -> list[Event]:
        """A message that was not streamed is whole, where the CLI says so by running a tool of the client's."""
        if not self._whole_blocks or self.ending is not None:
            return []
        self._whole_blocks = 0
        return self._finish_message(self._whole_stop, {})

    def _on_subagent(self, message: Message, parent: str) -> list[Event]:
        uses = [block for block in message["message"]["content"] if block.get("type") == "tool_use"]
        return self._tools.of_subagent(((use, self._telling.new_block()) for use in uses), parent)

    def _on_user(self, message: Message, *, is_main: bool) -> list[Event]:
        results = self._tools.own_results(message["message"]["content"])
        if results and is_main:
            self._rows.add_results(results)
        return [*self._tools.complete(results), *self._end_at_calls()]

    def _on_system(self, message: Message) -> list[Event]:
        if message.get("subtype") == "api_retry" and (failure := hopeless_retry(message)) is not None:
            self.ending = Ending(Outcome.FAILED, failure)
            return []
        self.troubles = self.troubles.with_message(message)
        notice = notice_of(message)
        return [notice] if notice is not None else []

    def _end(self, result: Message) -> None:
        failure = result_failure(result, self._api_error)
        well = Ending(Outcome.SUCCEEDED, clean=True)
        self.ending = self.ending or (well if failure is None else Ending(Outcome.FAILED, failure))

    # ---- attempts

    def _abandon(self, abandoned: dict[str, Any]) -> list[Event]:
        """The attempt was cut: what it told waits for its successor; its tools never ran to an end."""
        self.troubles = self.troubles.with_abandoned()
        first = int(abandoned.get("from_block_index") or 0)
        self._rows.drop(str(abandoned.get("api_message_id") or ""), first)
        self._telling.abandon(first)
        self._rowed_texts = min(self._rowed_texts, first)
        self._message_open = False
        events, was_clients = self._tools.abandon()
        if was_clients and not self._allow_retraction:
            self._on_contradiction()  # the second attempt's calls have other ids
        return events

    def _on_contradiction(self) -> None:
        self.ending = self.ending or Ending(Outcome.FAILED, _DIVERGED)
