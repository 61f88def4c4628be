"""The client's calls that the CLI holds open after the turn has ended for the client, and their answers. No I/O."""

from collections import deque
from dataclasses import dataclass

from hotseat_core.worker import control
from hotseat_core.worker.frames import Message
from hotseat_core.worker.rows import Block, Row

# What the CLI passes on as it is. Longer ones it puts into a file; see also the tools' `maxResultSizeChars`.
_MOST_CHARACTERS = 100_000
_BLOCK_CHARACTERS = 100  # around a text
# One is given when the one before was taken, at some five milliseconds each: for more it is quicker to go back.
_MOST_RESULTS = 8


@dataclass(frozen=True, slots=True)
class Coming:
    """What a worker will be asked next."""

    prompt: Row
    effort: str = ""  # empty: the model's default


class ChangedResultError(Exception):
    """The CLI tells the model something else than the client's result."""


class OpenCalls:
    """Those of the CLI's present turn: asked of us, and not answered yet."""

    def __init__(self) -> None:
        self._asks: dict[str, control.Ask] = {}  # by the tool use's id
        self._results: deque[Block] = deque()  # to be given; the first one was, and the CLI has not shown it yet
        self.are_uncertain = False  # more of them may come, or the CLI goes on without the client

    @property
    def are_being_answered(self) -> bool:
        """The CLI has not taken all results yet: whatever else it says belongs to the turn before."""
        return bool(self._results)

    def note(self, ask: control.Ask) -> None:
        """The CLI wants to run a tool of the client's."""
        meta = ask.request["message"].get("params", {}).get("_meta", {})
        self._asks[str(meta.get("claudecode/toolUseId"))] = ask

    def withdraw(self, request_id: str) -> None:
        """The CLI no longer wants an answer to this, if it is one of them."""
        found = next((use for use, ask in self._asks.items() if ask.request_id == request_id), None)
        if found is not None:
            del self._asks[found]
            self.are_uncertain = True

    def clear(self) -> None:
        """The CLI's turn is over."""
        self._asks.clear()
        self._results.clear()
        self.are_uncertain = False

    def are_answered_by(self, prompt: Row) -> bool:
        """Tell whether the prompt is their results and nothing else, such as the CLI passes on to the letter."""
        results = prompt.content
        uses = {block.get("tool_use_id") for block in results}
        size = sum(_size(block) for block in results)
        return uses == self._asks.keys() and len(uses) == len(results) <= _MOST_RESULTS and size <= _MOST_CHARACTERS

    def answer(self, prompt: Row) -> bytes:
        """Return the frame that answers the first of them. Only for a prompt that does answer them."""
        self._results.extend(prompt.content)
        return self._frame()

    def taken(self, message: Message) -> bytes | None:
        """The CLI shows a result that it has taken: return the frame for the next one, if any is left.

        Raises ChangedResultError.
        """
        given = self._results.popleft()
        wanted = {"type": "tool_result", "tool_use_id": given["tool_use_id"], "content": given["content"]}
        if list(message["message"]["content"]) != [wanted]:
            self._results.clear()
            raise ChangedResultError(f"the CLI changed the result of {given['tool_use_id']}")
        return self._frame() if self._results else None

    def _frame(self) -> bytes:
        # In the order of the client's: several at once the model would get in any.
        result = self._results[0]
        ask = self._asks.pop(result["tool_use_id"])
        answer = {"content": result["content"], "isError": False}
        response = {"jsonrpc": "2.0", "id": ask.request["message"].get("id", 0), "result": answer}
        return control.reply(ask.request_id, {"mcp_response": response})


def _size(result: Block) -> int:
    """Return the characters of a result; more than there may be where it is not plain text."""
    content = result.get("content")
    if result.get("is_error") or not content or not isinstance(content, list):
        return _MOST_CHARACTERS + 1
    if any(block.keys() != {"type", "text"} or not block["text"].strip() for block in content):
        return _MOST_CHARACTERS + 1
    return sum(len(block["text"]) + _BLOCK_CHARACTERS for block in content)
