"""The `[[...]]` directives in a user's text: what they are, and the text without them."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hotseat_demo.reply import Cut, Fault, Hang, HttpError, StreamError, Usage

_OPENING = re.compile(r"\[\[([a-z-]+)")
_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class Say(msgspec.Struct, frozen=True):
    """Answer this text."""

    text: str


class Json(msgspec.Struct, frozen=True):
    """Answer this JSON, letter for letter."""

    text: str
    value: Any


class Think(msgspec.Struct, frozen=True):
    """Think this first."""

    text: str


class Call(msgspec.Struct, frozen=True):
    """Call this tool."""

    name: str
    input: dict[str, Any]


class Dump(msgspec.Struct, frozen=True):
    """Answer with what the model sees."""


class Recall(msgspec.Struct, frozen=True):
    """Answer with the user's n-th message, counted from 1; negative numbers count from the last."""

    number: int


class Stop(msgspec.Struct, frozen=True):
    """End with this stop reason."""

    reason: str


class Pause(msgspec.Struct, frozen=True):
    """Wait before the first byte or between deltas."""

    ttft_ms: float = 0.0
    delay_ms: float = 0.0


class Then(msgspec.Struct, frozen=True):
    """What follows belongs to the next model step."""


Directive = Say | Json | Think | Call | Dump | Recall | Stop | Pause | Usage | Fault
Group = tuple[Directive, ...]


class Script(msgspec.Struct, frozen=True):
    """A user's text with its directives taken out."""

    groups: tuple[Group, ...]  # the k-th is for the k-th model step; empty without directives
    text: str


class _NotADirective(Exception):
    """The brackets hold something else; they stay in the text."""


def parse(text: str) -> Script:
    """The directives of a text in groups, and what is left; what is not understood is left in place."""
    found: list[Directive | Then] = []
    left: list[str] = []
    at = 0
    last = max(0, text.rfind("]]"))
    while opening := _OPENING.search(text, at, last):
        left.append(text[at : opening.start()])
        try:
            directive, at = _read(text, opening)
            found.append(directive)
        except (_NotADirective, ValueError, RecursionError):
            left.append(opening.group())
            at = opening.end()
    left.append(text[at:])
    return Script(_grouped(found), "".join(left).strip())


def _grouped(found: Sequence[Directive | Then]) -> tuple[Group, ...]:
    groups: list[list[Directive]] = [[]]
    for directive in found:
        if isinstance(directive, Then):
            groups.append([])
        else:
            groups[-1].append(directive)
    return tuple(tuple(group) for group in groups) if found else ()


def _read(text: str, opening: re.Match[str]) -> tuple[Directive | Then, int]:
    """The directive that opens here and where the text goes on."""
    name = opening.group(1)
    if name in {"json", "call"}:
        return _read_json(text, opening.end(), name)
    end = text.find("]]", opening.end())
    build = _BUILD.get(name)
    if end < 0 or build is None or not (text[opening.end()].isspace() or end == opening.end()):
        raise _NotADirective
    while text.startswith("]", end + 2):  # `[[say [1]]]`: the last two brackets close
        end += 1
    given = text[opening.end() : end]
    return build(given[1:] if name in {"say", "think"} else given.strip()), end + 2


def _read_json(text: str, at: int, name: str) -> tuple[Directive, int]:
    """`call` and `json` end where their JSON ends, so that `]]` may stand inside it."""
    head = re.compile(r"\s+(\S+?)\s*(?=[{\]])" if name == "call" else r"\s+").match(text, at)
    if head is None:
        raise _NotADirective
    start = end = head.end()
    value: object = {}
    if name == "json" or text.startswith("{", start):
        value, end = json.JSONDecoder().raw_decode(text, start)
    closing = re.compile(r"\s*\]\]").match(text, end)
    if closing is None:
        raise _NotADirective
    if name == "json":
        return Json(text[start:end], value), closing.end()
    return Call(head.group(1), msgspec.convert(value, dict[str, Any])), closing.end()


class _Arguments:
    """`429 rate_limit_error x2 ra=1`: the plain words, the xK count and the named values."""

    def __init__(self, text: str, named: Sequence[str] = ()) -> None:
        self.words: list[str] = []
        self.times: int | None = None
        self.named: dict[str, str] = {}
        for word in text.split():
            name, equals, value = word.partition("=")
            if equals and name in named:
                self.named[name] = value
            elif re.fullmatch(r"x\d+", word):
                self.times = int(word[1:])
            else:
                self.words.append(word)

    def word(self, at: int, default: str = "") -> str:
        """The plain word at this place."""
        return self.words[at] if at < len(self.words) else default

    def most(self, count: int) -> "_Arguments":
        """These arguments, if there are at most so many plain words."""
        if len(self.words) > count:
            raise _NotADirective
        return self


def _error(text: str) -> HttpError:
    given = _Arguments(text, ["ra"]).most(2)
    status = int(given.word(0, "500"))
    if not 400 <= status <= 599:
        raise _NotADirective
    error_type = given.word(1, error_type_of(status))
    return HttpError(status, error_type, retry_after=given.named.get("ra", ""), times=given.times)


def error_type_of(status: int) -> str:
    """Anthropic's error type for an HTTP status."""
    return _ERROR_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")


def _sse_error(text: str) -> StreamError:
    given = _Arguments(text, ["after"]).most(1)
    return StreamError(given.word(0, "overloaded_error"), int(given.named.get("after", 0)), given.times)


def _cut(text: str) -> Cut:
    given = _Arguments(text, ["after"]).most(0)
    return Cut(int(given.named.get("after", 0)), given.times)


def _hang(text: str) -> Hang:
    given = _Arguments(text, ["after", "secs"]).most(0)
    return Hang(int(given.named.get("after", 0)), float(given.named.get("secs", 3600)), given.times)


def _usage(text: str) -> Usage:
    given = _Arguments(text, ["in", "out", "cr", "cw", "th"]).most(0)
    count = {name: int(value) for name, value in given.named.items()}
    return Usage(count.get("in"), count.get("out"), count.get("cr"), count.get("cw"), count.get("th"))


def _tokens(text: str) -> Say:
    count = int(text)
    if not 0 <= count <= 1_000_000:
        raise _NotADirective
    return Say(" ".join(f"w{number}" for number in range(count)))


def _bare(directive: Directive | Then) -> Callable[[str], Directive | Then]:
    def build(text: str) -> Directive | Then:
        if text:
            raise _NotADirective
        return directive

    return build


_BUILD: dict[str, Callable[[str], Directive | Then]] = {
    "say": Say,
    "think": Think,
    "tokens": _tokens,
    "delay": lambda text: Pause(delay_ms=float(text)),
    "ttft": lambda text: Pause(ttft_ms=float(text)),
    "error": _error,
    "sse-error": _sse_error,
    "cut": _cut,
    "hang": _hang,
    "usage": _usage,
    "recall": lambda text: Recall(int(text)),
    "dump": _bare(Dump()),
    "then": _bare(Then()),
    "maxtok": _bare(Stop("max_tokens")),
    "refuse": _bare(Stop("refusal")),
    "pause": _bare(Stop("pause_turn")),
    "ctxfull": _bare(Stop("model_context_window_exceeded")),
}
