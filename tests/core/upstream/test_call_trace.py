"""A request to the provider as a span: what it is called, what the provider is told, and how it ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hotseat_core.upstream.call_trace import CallTrace
from hotseat_core.upstream.heads import request_head
from hotseat_core.upstream.meter import Tokens
from hotseat_serving.trace_context import TraceContext
from hotseat_serving.tracing import Kind, Span, Value

PARENT = TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=1")


@dataclass
class FakeSpan:
    """Keeps what it is told."""

    name: str = ""
    kind: Kind = Kind.INTERNAL
    noted: dict[str, Value] = field(default_factory=dict)
    children: list["FakeSpan"] = field(default_factory=list)
    failure: str | None = None
    context: TraceContext = PARENT

    def child(self, name: str, kind: Kind = Kind.INTERNAL, *, begin_ns: int | None = None) -> Span:
        self.children.append(FakeSpan(name, kind))
        return self.children[-1]

    def rename(self, name: str) -> None:
        self.name = name

    def note(self, attributes: Mapping[str, Value]) -> None:
        self.noted |= attributes

    def end(self, *, failure: str = "", end_ns: int | None = None) -> None:
        self.failure = failure


@pytest.mark.parametrize(
    ("target", "body", "name", "model"),
    [
        (b"/v1/messages?beta=true", b'{"model":"claude-x","messages":[]}', "chat claude-x", "claude-x"),
        (b"/v1/messages", b'{"max_tokens":1,"model" : "a/b:c@1[1m]"}', "chat a/b:c@1[1m]", "a/b:c@1[1m]"),
        (b"/v1/messages", b'{"system":"say \\"model\\":\\"no\\""}', "chat", None),
        (b"/v1/messages", b'{"model":"no name, words"}', "chat", None),
        (b"/v1/messages", b" " * 2000 + b'{"model":"late"}', "chat", None),
        (b"/v1/messages/count_tokens", b'{"model":"m"}', "provider /v1/messages/count_tokens", "m"),
        (b"/v1/models", b"", "provider /v1/models", None),
    ],
)
def test_a_request_is_called_by_what_it_asks(target: bytes, body: bytes, name: str, model: str | None) -> None:
    turn = FakeSpan()
    CallTrace(turn).begin(target, body)
    (call,) = turn.children
    assert (call.name, call.kind, call.noted.get("gen_ai.request.model")) == (name, Kind.CLIENT, model)


@pytest.mark.parametrize(
    ("status", "tokens", "failure"),
    [
        (200, Tokens("m", 1, 2, 3, 4, is_final=True), ""),
        (200, Tokens("m", 1, 2), "cut_off"),
        (200, Tokens(), ""),  # that costs nothing
        (429, Tokens(), "429"),
        (0, Tokens(), "unreachable"),
    ],
)
def test_it_ends_as_its_answer_did(status: int, tokens: Tokens, failure: str) -> None:
    turn = FakeSpan()
    CallTrace(turn).begin(b"/v1/messages", b"").end(status, tokens, 0.5)
    (call,) = turn.children
    assert call.failure == failure
    assert call.noted.get("http.response.status_code") == (status or None)
    cached = tokens.cache_read_tokens + tokens.cache_write_tokens
    assert call.noted.get("gen_ai.usage.input_tokens") == (tokens.input_tokens + cached or None)


def test_the_provider_is_told_of_our_trace_in_place_of_the_workers() -> None:
    headers = [(b"host", b"x"), (b"traceparent", b"00-worker"), (b"tracestate", b"worker=1"), (b"accept", b"*/*")]
    span = CallTrace(FakeSpan()).begin(b"/v1/messages", b"")
    head = request_head(b"POST", b"/", headers, authority="a", credential=[], size=0, trace=span.headers)
    assert b"\r\ntraceparent: " + PARENT.traceparent.encode() + b"\r\ntracestate: vendor=1\r\n" in head
    assert b"worker" not in head
    untraced = request_head(b"POST", b"/", headers, authority="a", credential=[], size=0)
    assert b"traceparent: 00-worker" in untraced
