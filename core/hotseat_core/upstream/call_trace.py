"""What a worker asks of the provider, as parts of the trace of the turn that it runs. No I/O."""

import re

from hotseat_serving.tracing import Kind, Span, Value

from hotseat_core.upstream.heads import Headers
from hotseat_core.upstream.meter import Tokens

PROVIDER = "anthropic"

# The CLI names the model first; in a text of somebody's the quotes would be escaped.
_MODEL = re.compile(rb'"model"\s*:\s*"([A-Za-z0-9._:/@\[\]-]{1,128})"')
_LOOKED_AT = 1024


class CallSpan:
    """One request, until the end of its answer."""

    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def headers(self) -> Headers:
        """What the provider is told of the trace."""
        context = self._span.context
        told = [(b"traceparent", context.traceparent.encode())]
        return [*told, (b"tracestate", context.tracestate.encode())] if context.tracestate else told

    def end(self, status: int, tokens: Tokens, first_byte_s: float) -> None:
        """The answer has ended; status 0: none came."""
        said: dict[str, Value] = {"hotseat.first_byte_s": first_byte_s} if status else {}
        if status:
            said["http.response.status_code"] = status
        if tokens.model:
            cached = tokens.cache_read_tokens + tokens.cache_write_tokens
            said |= {
                "gen_ai.response.model": tokens.model,
                "gen_ai.usage.input_tokens": tokens.input_tokens + cached,
                "gen_ai.usage.output_tokens": tokens.output_tokens,
                "gen_ai.usage.cache_read.input_tokens": tokens.cache_read_tokens,
                "gen_ai.usage.cache_creation.input_tokens": tokens.cache_write_tokens,
            }
        self._span.note(said)
        self._span.end(failure=_failure(status, tokens))

    def drop(self) -> None:
        """It waited for others of its key to end, and nobody wants it any more: the provider was not asked."""
        self._span.end(failure="cut_off")


class CallTrace:
    """Begins a span for each request of one turn."""

    def __init__(self, turn: Span, traceparent: str = "") -> None:
        self._turn = turn
        self.traceparent = traceparent  # the turn's

    def begin(self, target: bytes, body: bytes) -> CallSpan:
        """A request is on its way."""
        path = target.partition(b"?")[0].decode("latin-1")
        found = _MODEL.search(body, 0, _LOOKED_AT)
        model = found[1].decode() if found is not None else ""
        is_chat = path.endswith("/v1/messages")
        span = self._turn.child(f"chat {model}".strip() if is_chat else f"provider {path}", Kind.CLIENT)
        said: dict[str, Value] = {"gen_ai.provider.name": PROVIDER, "url.path": path}
        if is_chat:
            said["gen_ai.operation.name"] = "chat"
        if model:
            said["gen_ai.request.model"] = model
        span.note(said)
        return CallSpan(span)


def _failure(status: int, tokens: Tokens) -> str:
    if not status:
        return "unreachable"
    if status >= 400:
        return str(status)
    return "" if tokens.is_final or not tokens.model else "cut_off"
