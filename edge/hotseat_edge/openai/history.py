"""Chat messages, as the core's history: true roles, in order, never flattened."""

from collections.abc import Iterable

import msgspec
from hotseat import pb

from hotseat_edge.openai import activity, attachments
from hotseat_edge.openai.errors import ApiError, invalid, unsupported
from hotseat_edge.openai.messages import (
    AssistantMessage,
    DeveloperMessage,
    FilePart,
    ImagePart,
    Message,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
)

_USER = pb.HistoryMessage.ROLE_USER
_ASSISTANT = pb.HistoryMessage.ROLE_ASSISTANT


class Dialogue(msgspec.Struct, frozen=True):
    """A chat request's messages, sorted."""

    system: str
    history: list[pb.HistoryMessage]
    said: list[pb.ContentBlock]
    results: list[pb.ToolResult] = []


def read(messages: list[Message]) -> Dialogue:
    """Sort messages into the system prompt, what was said, and what the user says now."""
    _check_end(messages)
    reading = _Reading()
    for place, message in enumerate(messages):
        reading.take(message, f"messages[{place}]")
    reading.end()
    last = reading.history.pop()
    return Dialogue(
        system="\n\n".join(reading.system),
        history=reading.history,
        said=[said(block) for block in last.content if not block.HasField("tool_result")],
        results=[block.tool_result for block in last.content if block.HasField("tool_result")],
    )


def _check_end(messages: list[Message]) -> None:
    said = (message for message in reversed(messages) if not isinstance(message, SystemMessage | DeveloperMessage))
    if not isinstance(next(said, None), UserMessage | ToolMessage):
        raise invalid("messages", "the last message must be the user's, or a tool's", "last_message_must_be_user")


class _Reading:
    """Takes messages one by one."""

    def __init__(self) -> None:
        self.system: list[str] = []
        self.history: list[pb.HistoryMessage] = []
        self._images = 0
        self._pending: dict[str, str] = {}  # calls that no tool message answered yet -> where they stand
        self._answering = False  # the newest entry of history gathers tool results

    def take(self, message: Message, param: str) -> None:
        if isinstance(message, SystemMessage | DeveloperMessage):
            self.system += _texts(message.content)
            return
        if isinstance(message, ToolMessage):
            self._tool(message, param)
            return
        if self._pending:
            raise self._unanswered(param, f"before {param}")
        self._answering = False
        if isinstance(message, UserMessage):
            self._add(_USER, self._user(message, f"{param}.content"))
        else:
            self._assistant(message, param)

    def end(self) -> None:
        """There are no more."""
        if self._pending:
            raise self._unanswered("messages", "too")

    def _unanswered(self, param: str, when: str) -> ApiError:
        call, where = next(iter(self._pending.items()))
        return invalid(param, f"{where} ('{call[:100]}') must be answered by a tool message {when}")

    def _add(self, role: pb.HistoryMessage.Role, blocks: Iterable[pb.HistoryBlock]) -> None:
        self.history.append(pb.HistoryMessage(role=role, content=blocks))

    def _user(self, message: UserMessage, param: str) -> list[pb.HistoryBlock]:
        if isinstance(message.content, str):
            return [text_block(message.content, param)]
        return [self._part(part, f"{param}[{place}]") for place, part in enumerate(message.content)]

    def _part(self, part: object, param: str) -> pb.HistoryBlock:
        match part:
            case TextPart():
                return text_block(part.text, f"{param}.text")
            case ImagePart():
                self._images += 1
                if self._images > attachments.MAX_IMAGES:
                    raise invalid(param, f"a request may hold {attachments.MAX_IMAGES} pictures at most")
                return pb.HistoryBlock(image=attachments.image(part.image_url.url, f"{param}.image_url.url"))
            case FilePart():
                return pb.HistoryBlock(file=attachments.file(part.file, f"{param}.file"))
            case _:
                raise unsupported(f"{param}.type", "the model does not listen: input_audio is not supported")

    def _assistant(self, message: AssistantMessage, param: str) -> None:
        content = message.content if message.content is not None else message.refusal or ""
        # Blank text is what clients keep of an answer that was cut off, and send beside tool calls.
        texts = [activity.without(text) for text in _texts(content)]
        blocks = [pb.HistoryBlock(text=text) for text in texts if text.strip()]
        for place, call in enumerate(message.tool_calls or []):
            where = f"{param}.tool_calls[{place}]"
            blocks.append(pb.HistoryBlock(tool_use=_tool_use(call, where)))
            self._pending[call.id] = where
        if blocks:
            self._add(_ASSISTANT, blocks)

    def _tool(self, message: ToolMessage, param: str) -> None:
        if self._pending.pop(message.tool_call_id, None) is None:
            where = f"{param}.tool_call_id"
            raise invalid(where, f"no call '{message.tool_call_id[:100]}' of the message before waits for an answer")
        if not self._answering:
            self._add(_USER, [])
            self._answering = True
        content = [said(block) for block in self._result(message, f"{param}.content")]
        result = pb.ToolResult(tool_call_id=message.tool_call_id, content=content)
        self.history[-1].content.append(pb.HistoryBlock(tool_result=result))

    def _result(self, message: ToolMessage, param: str) -> list[pb.HistoryBlock]:
        if isinstance(message.content, str):
            return [pb.HistoryBlock(text=message.content)] if message.content.strip() else []
        parts = [(part, f"{param}[{place}]") for place, part in enumerate(message.content)]
        # Tools have nothing to say at times; the model's provider takes no blank text.
        return [self._part(*part) for part in parts if not isinstance(part[0], TextPart) or part[0].text.strip()]


def _texts(content: str | list[TextPart] | list[TextPart | RefusalPart]) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part.text if isinstance(part, TextPart) else part.refusal for part in content]


def text_block(text: str, param: str) -> pb.HistoryBlock:
    """A piece of text. Raises ApiError where it is empty."""
    if not text:
        raise invalid(param, f"{param} must not be empty")
    return pb.HistoryBlock(text=text)


def _tool_use(call: ToolCall, param: str) -> pb.ToolUse:
    if call.function is None:
        raise unsupported(f"{param}.type", "only calls of functions are supported")
    arguments = call.function.arguments or "{}"
    try:
        msgspec.json.decode(arguments, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        raise invalid(f"{param}.function.arguments", "arguments must be the JSON text of an object") from None
    return pb.ToolUse(tool_use_id=call.id, name=call.function.name, input_json=arguments)


def said(block: pb.HistoryBlock) -> pb.ContentBlock:
    """The same as a piece of what the user says now, or of a tool's result."""
    match block.WhichOneof("block"):
        case "text":
            return pb.ContentBlock(text=block.text)
        case "image":
            return pb.ContentBlock(image=block.image)
        case _:
            return pb.ContentBlock(file=block.file)
