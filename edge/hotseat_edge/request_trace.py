"""A request as a span of a trace, where traces are wanted; else it only tells whose trace the core may go on with."""

from collections.abc import Mapping

from aiohttp import web
from hotseat_serving import trace_context
from hotseat_serving.tracing import Kind, Span, Tracer

from hotseat_edge.story import Story

# What asks for these asks every few seconds, and a trace of it tells nothing.
_UNTRACED = frozenset({"/health", "/livez", "/readyz", "/metrics"})


def begun(tracer: Tracer | None, request: web.BaseRequest, story: Story) -> Span | None:
    """Begin the span of a request; None: it has none. The story has the trace that it is part of."""
    headers = request.headers
    given = headers.get("traceparent")
    if tracer is None and given is None:
        return None
    story.trace = trace_context.parse(given, headers.get("tracestate"))
    if tracer is None or request.rel_url.raw_path in _UNTRACED:
        return None
    span = tracer.begin(request.method, Kind.SERVER, story.trace)
    story.trace = span.context
    return span


def end(span: Span, line: Mapping[str, object]) -> None:
    """End it, with what the log says of the request, too. The path stays out: it may name what a client has named."""
    method, route, status = str(line["method"]), str(line["route"]), int(str(line["status"]))
    span.rename(f"{method} {route}")
    told = {"hotseat.request_id": line["request_id"], "hotseat.tenant": line["tenant"]}
    told |= {"hotseat.turn_request_id": line["turn_request_id"], "gen_ai.conversation.id": line["conversation"]}
    span.note(
        {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            **{name: str(value) for name, value in told.items() if value},
        }
    )
    span.end(failure="client_gone" if status == 499 else str(status) if status >= 500 else "")
