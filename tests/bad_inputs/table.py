"""The tables of bad inputs, read."""

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
METHODS = ("get", "post", "put", "delete", "options")
CHAT = "/v1/chat/completions"
_KEYS = frozenset(
    {
        *METHODS,
        *("says", "chat", "without", "body", "headers", "raw", "is", "param", "retry", "has", "locked", "when"),
        *("call", "send", "bytes", "converse", "rejected", "field"),
    }
)
_PICTURE = b"\x89PNG\r\n\x1a\n"


class _Loader(yaml.SafeLoader):
    """YAML, and words for what is too long to write out."""


def _word(name: str, make: Callable[..., Any]) -> None:
    """Let `!name [a, b]` stand for make(a, b), and `!name a` for make(a)."""

    def construct(loader: Any, node: Any) -> Any:
        if isinstance(node, yaml.SequenceNode):
            return make(*loader.construct_sequence(node, deep=True))
        return make(loader.construct_scalar(node))

    _Loader.add_constructor(f"!{name}", construct)


def _picture(size: str) -> str:
    return "data:image/png;base64," + base64.b64encode(_PICTURE.ljust(int(size), b"\0")).decode()


_word("bytes", lambda text: text.encode("latin-1"))
_word("repeat", lambda text, times: text * times)
_word("repeat_list", lambda item, times: [item] * times)
_word("nest", lambda opening, inner, closing, times: opening * times + inner + closing * times)
_word("lines", lambda first, each, times, last: first + each * times + last)
_word("picture", _picture)


@dataclass(frozen=True)
class HttpRow:
    """A request, and the answer to it."""

    group: str
    says: str
    request: bytes
    status: int
    code: str  # empty: there is no error
    param: str | None
    retry: str | None
    has: dict[str, str]
    is_locked: bool  # the server asks for API keys
    when: str  # what else the server is up to: full, busy, draining; empty: nothing


@dataclass(frozen=True)
class GrpcRow:
    """A call, and how it ends."""

    group: str
    says: str
    code: str  # of its end
    reason: str  # of that, or of the rejection
    is_rejection: bool
    violated: str  # field; empty: none
    call: str = ""
    data: bytes | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)


def http() -> Iterator[HttpRow]:
    """Yield what is sent to the edge."""
    for group, rows in _read("http.yaml"):
        for row in rows:
            status, _, code = str(row["is"]).partition(" ")
            yield HttpRow(
                group=group,
                says=row["says"],
                request=_request(row),
                status=int(status),
                code=code,
                param=row.get("param"),
                retry=row.get("retry"),
                has=row.get("has", {}),
                is_locked=row.get("locked", False),
                when=row.get("when", ""),
            )


def grpc() -> Iterator[GrpcRow]:
    """Yield what is sent to the core."""
    for group, rows in _read("grpc.yaml"):
        for row in rows:
            code, _, reason = row.get("is", f"OK {row.get('rejected')}").partition(" ")
            data = row["bytes"].encode("latin-1") if "bytes" in row else None
            messages = row["converse"] if "converse" in row else [row.get("send", {})]
            yield GrpcRow(
                group=group,
                says=row["says"],
                code=code,
                reason=reason,
                is_rejection="rejected" in row,
                violated=row.get("field", ""),
                call=row.get("call", ""),
                data=data,
                messages=messages,
            )


def filled(messages: list[dict[str, Any]], conversation: str) -> list[dict[str, Any]]:
    """The messages with ids of their own."""
    text = json.dumps(messages).replace("{id}", str(uuid.uuid4())).replace("{conversation}", conversation)
    found: list[dict[str, Any]] = json.loads(text)
    return found


def _read(name: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    groups: dict[str, list[dict[str, Any]]] = yaml.load((HERE / name).read_text(encoding="utf-8"), _Loader)
    for group, rows in groups.items():
        for row in rows:
            # A comma that was not quoted begins a key of its own.
            assert set(row) <= _KEYS, f"{name}: {group}: {row} has a key that means nothing"
        yield group, rows


def _request(row: dict[str, Any]) -> bytes:
    if "raw" in row:
        raw = "\r\n".join(row["raw"]) if isinstance(row["raw"], list) else row["raw"]
        return raw if isinstance(raw, bytes) else raw.encode("latin-1")
    method = next((method for method in METHODS if method in row), "post")
    body = _body(row) if method in ("post", "put") else b""
    headers: dict[str, str | None] = {"Host": "localhost", "Connection": "close"}
    if body or method == "post":
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    headers |= row.get("headers", {})
    lines = [f"{method.upper()} {row.get(method, CHAT)} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + body


def _body(row: dict[str, Any]) -> bytes:
    if "body" in row:
        body = row["body"]
        return body if isinstance(body, bytes) else str(body).encode()
    asked = {"model": "claude", "messages": [{"role": "user", "content": "hi"}]} | row.get("chat", {})
    return json.dumps({name: value for name, value in asked.items() if name not in row.get("without", [])}).encode()
