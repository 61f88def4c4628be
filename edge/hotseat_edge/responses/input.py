"""The input of a response, as the core's history: true roles, in order, never flattened."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from hotseat import pb

from hotseat_edge.openai import attachments
from hotseat_edge.openai.errors import ApiError, invalid, unsupported
from hotseat_edge.openai.history import Dialogue, said, text_block
from hotseat_edge.openai.messages import MAX_MESSAGES, FileData

_USER = pb.HistoryMessage.ROLE_USER
_ASSISTANT = pb.HistoryMessage.ROLE_ASSISTANT
_SYSTEM_ROLES = ("system", "developer")
_TEXTS = ("input_text", "output_text", "text", "summary_text")  # a tuple: what is looked up may be any JSON


def read(given: str | list[dict[str, Any]], instructions: str | None, *, goes_on: bool) -> Dialogue:
    """Sort input items into the system prompt, what was said, and what the user says now.

    goes_on: something was said before that the input leaves out, so it may begin with what the functions gave.
    """
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if len(items) > MAX_MESSAGES:
        raise invalid("input", f"input may hold {MAX_MESSAGES} items at most")
    reading = _Reading(goes_on=goes_on)
    for place, item in enumerate(items):
        reading.take(item, f"input[{place}]" if items is given else "input")
    return reading.dialogue([instructions] if instructions else [])


def read_items(given: list[dict[str, Any]], name: str, *, goes_on: bool) -> list[pb.HistoryMessage]:
    """What items say that stand in a conversation, where calls may wait for their outputs. Raises ApiError."""
    reading = _Reading(goes_on=goes_on)
    for place, item in enumerate(given):
        if item.get("role") in _SYSTEM_ROLES:
            message = f"{name}[{place}].role: a conversation holds no instructions; send them with each response"
            raise unsupported(f"{name}[{place}].role", message)
        reading.take(item, f"{name}[{place}]")
    return reading.history


def system_texts(given: str | list[dict[str, Any]]) -> list[str]:
    """What an input that was read holds for the system prompt."""
    reading = _Reading(goes_on=True)
    for item in given if not isinstance(given, str) else ():
        if item.get("role") in _SYSTEM_ROLES:
            reading.take(item, "input")
    return reading.system


class _Reading:
    """Takes items one by one."""

    def __init__(self, *, goes_on: bool) -> None:
        self.system: list[str] = []
        self.history: list[pb.HistoryMessage] = []
        self._images = 0
        self._pending: dict[str, str] = {}  # calls that nothing has answered yet -> where they stand
        self._answered: set[str] = set()
        self._goes_on = goes_on
        self._newest = ""  # what the newest entry of history gathers: answer, results, or nothing more
        self._kinds: dict[str, Callable[[dict[str, Any], str], None]] = {
            "message": self._message,
            "function_call": self._call,
            "function_call_output": self._output,
            "reasoning": self._reasoning,
        }

    def take(self, item: dict[str, Any], param: str) -> None:
        kind = item.get("type") or "message"
        read_item = self._kinds.get(kind) if isinstance(kind, str) else None
        if read_item is None:
            known = ", ".join(self._kinds)
            raise unsupported(f"{param}.type", f"{param}: items of the type '{str(kind)[:50]}' are not: {known}")
        read_item(item, param)

    def dialogue(self, instructions: list[str]) -> Dialogue:
        if self._pending:
            raise self._unanswered("input", "too")
        if not self.history or self.history[-1].role != _USER:
            message = "the last item must be the user's, or the output of a function"
            raise invalid("input", message, "last_message_must_be_user")
        last = self.history.pop()
        if self.history and self._goes_on and _is_results(self.history[-1]) and len(self.history) == 1:
            # What the functions gave, and what the user says besides, are one input.
            results = list(self.history.pop().content)
            last = pb.HistoryMessage(role=_USER, content=[*results, *last.content])
        return Dialogue(
            system="\n\n".join([*instructions, *self.system]),
            history=self.history,
            said=[said(block) for block in last.content if not block.HasField("tool_result")],
            results=[block.tool_result for block in last.content if block.HasField("tool_result")],
        )

    # ---- items

    def _message(self, item: dict[str, Any], param: str) -> None:
        role = item.get("role")
        if role in _SYSTEM_ROLES:
            self.system += self._texts(item.get("content"), f"{param}.content")
        elif role == "user":
            if self._pending:
                raise self._unanswered(param, f"before {param}")
            self._add(_USER, self._user(item.get("content"), f"{param}.content"), "")
        elif role == "assistant":
            self._assistant(item, param)
        else:
            raise invalid(f"{param}.role", f"{param}.role must be user, assistant, system or developer")

    def _assistant(self, item: dict[str, Any], param: str) -> None:
        # Blank text is what clients keep of an answer that was cut off.
        texts = [text for text in self._texts(item.get("content"), f"{param}.content") if text.strip()]
        blocks = [pb.HistoryBlock(text=text) for text in texts]
        if not blocks:
            return
        if self._pending and self._newest == "answer":
            # Said beside the calls, in one message of the model's.
            answer = self.history[-1]
            merged = sorted([*answer.content, *blocks], key=lambda block: block.HasField("tool_use"))
            answer.ClearField("content")
            answer.content.extend(merged)
            return
        if self._pending:
            raise self._unanswered(param, f"before {param}")
        self._add(_ASSISTANT, blocks, "answer")

    def _call(self, item: dict[str, Any], param: str) -> None:
        name, call_id = _word(item, "name", param), _word(item, "call_id", param)
        arguments = item.get("arguments") or "{}"
        try:
            msgspec.json.decode(arguments, type=dict[str, object])
        except (msgspec.DecodeError, RecursionError, TypeError):
            raise invalid(f"{param}.arguments", "arguments must be the JSON text of an object") from None
        use = pb.HistoryBlock(tool_use=pb.ToolUse(tool_use_id=call_id, name=name, input_json=arguments))
        if self._newest != "answer":
            if self._pending:
                raise self._unanswered(param, f"before {param}")
            self._add(_ASSISTANT, [], "answer")
        self.history[-1].content.append(use)
        self._pending[call_id] = param

    def _output(self, item: dict[str, Any], param: str) -> None:
        call_id = _word(item, "call_id", param)
        is_earlier = self._goes_on and call_id not in self._answered and self._may_answer_earlier()
        if self._pending.pop(call_id, None) is None and not is_earlier:
            raise invalid(f"{param}.call_id", f"No tool call found for function call output with call_id {call_id}.")
        self._answered.add(call_id)
        if self._newest != "results":
            self._add(_USER, [], "results")
        result = pb.ToolResult(tool_call_id=call_id, content=self._result(item.get("output"), f"{param}.output"))
        self.history[-1].content.append(pb.HistoryBlock(tool_result=result))

    def _may_answer_earlier(self) -> bool:
        return not self.history or (len(self.history) == 1 and self._newest == "results")

    def _reasoning(self, item: dict[str, Any], param: str) -> None:
        """The model's thoughts stay with the core: clients only have what they may read of them."""

    def _add(self, role: pb.HistoryMessage.Role, blocks: Sequence[pb.HistoryBlock], gathers: str) -> None:
        self.history.append(pb.HistoryMessage(role=role, content=blocks))
        self._newest = gathers

    def _unanswered(self, param: str, when: str) -> ApiError:
        call, where = next(iter(self._pending.items()))
        message = f"No tool output found for function call {call[:100]}: {where} must be answered {when}."
        return invalid(param, message)

    # ---- content

    def _texts(self, content: Any, param: str) -> list[str]:
        if isinstance(content, str):
            return [content]
        texts = []
        for part, where in _parts(content, param):
            if part.get("type") == "refusal":
                texts.append(_text(part.get("refusal"), f"{where}.refusal"))
            elif part.get("type") in _TEXTS:
                texts.append(_text(part.get("text"), f"{where}.text"))
            else:
                raise invalid(f"{where}.type", f"{where}.type must be input_text, output_text or refusal")
        return texts

    def _user(self, content: Any, param: str) -> list[pb.HistoryBlock]:
        if isinstance(content, str):
            return [text_block(content, param)]
        return [self._part(part, where) for part, where in _parts(content, param)]

    def _result(self, output: Any, param: str) -> list[pb.ContentBlock]:
        if isinstance(output, str):
            return [pb.ContentBlock(text=output)] if output.strip() else []
        parts = _parts(output, param) if output != [] else []
        # Functions have nothing to say at times; the model's provider takes no blank text.
        told = [
            (part, where) for part, where in parts if part.get("type") not in _TEXTS or str(part.get("text")).strip()
        ]
        return [said(self._part(part, where)) for part, where in told]

    def _part(self, part: dict[str, Any], param: str) -> pb.HistoryBlock:
        kind = part.get("type")
        if kind in _TEXTS:
            return text_block(_text(part.get("text"), f"{param}.text"), f"{param}.text")
        if kind == "input_image":
            return self._image(part, param)
        if kind == "input_file":
            return self._file(part, param)
        raise unsupported(f"{param}.type", f"{param}.type must be input_text, input_image or input_file")

    def _image(self, part: dict[str, Any], param: str) -> pb.HistoryBlock:
        self._images += 1
        if self._images > attachments.MAX_IMAGES:
            raise invalid(param, f"a request may hold {attachments.MAX_IMAGES} pictures at most")
        url = part.get("image_url")
        if not isinstance(url, str):
            message = "a picture is taken from image_url alone, as data:<type>;base64,<data>"
            raise ApiError(message, code="unsupported_file", param=f"{param}.image_url")
        return pb.HistoryBlock(image=attachments.image(url, f"{param}.image_url"))

    def _file(self, part: dict[str, Any], param: str) -> pb.HistoryBlock:
        name, given = part.get("filename"), part.get("file_data")
        found = FileData(name if isinstance(name, str) else None, given if isinstance(given, str) else None)
        return pb.HistoryBlock(file=attachments.file(found, param))


def _is_results(message: pb.HistoryMessage) -> bool:
    return all(block.HasField("tool_result") for block in message.content)


def _parts(content: Any, param: str) -> list[tuple[dict[str, Any], str]]:
    if not isinstance(content, list) or not content or not all(isinstance(part, dict) for part in content):
        raise invalid(param, f"{param} must be a text, or a list of parts that is not empty", "invalid_type")
    return [(part, f"{param}[{place}]") for place, part in enumerate(content)]


def _text(given: Any, param: str) -> str:
    if not isinstance(given, str):
        raise invalid(param, f"{param} must be a text", "invalid_type")
    return given


def _word(item: dict[str, Any], name: str, param: str) -> str:
    given = item.get(name)
    if not isinstance(given, str) or not given:
        raise invalid(f"{param}.{name}", f"{param}.{name} is required", "missing_required_parameter")
    return given
