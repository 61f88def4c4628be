"""Traces by OpenTelemetry's SDK, sent as OTLP over HTTP. Loaded where they are wanted, alone."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.re import parse_env_headers

from hotseat_serving.trace_context import TraceContext
from hotseat_serving.tracing import Kind, Span, Value, Wanted

_FAREWELL_S = 2.0  # for what was not sent yet; the SDK would try for half a minute
_SIGNAL_PATH = "v1/traces"
_propagator = TraceContextTextMapPropagator()
_KINDS = {kind: trace.SpanKind[kind.value] for kind in Kind}


class _Span:
    __slots__ = ("_context", "_span", "_tracer")

    def __init__(self, tracer: trace.Tracer, span: trace.Span) -> None:
        self._tracer = tracer
        self._span = span
        self._context = trace.set_span_in_context(span)

    @property
    def context(self) -> TraceContext:
        carrier: dict[str, str] = {}
        _propagator.inject(carrier, self._context)
        return TraceContext(carrier["traceparent"], carrier.get("tracestate", ""))

    def child(self, name: str, kind: Kind = Kind.INTERNAL, *, begin_ns: int | None = None) -> Span:
        begun = self._tracer.start_span(name, self._context, _KINDS[kind], start_time=begin_ns)
        return _Span(self._tracer, begun)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def note(self, attributes: Mapping[str, Value]) -> None:
        self._span.set_attributes(attributes)

    def end(self, *, failure: str = "", end_ns: int | None = None) -> None:
        if failure:
            self._span.set_attribute("error.type", failure)
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.end(end_ns)


class _Tracer:
    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    def begin(self, name: str, kind: Kind, parent: TraceContext | None) -> Span:
        carrier = {} if parent is None else {"traceparent": parent.traceparent, "tracestate": parent.tracestate}
        begun = self._tracer.start_span(name, _propagator.extract(carrier), _KINDS[kind])
        return _Span(self._tracer, begun)


@contextlib.contextmanager
def exporting(wanted: Wanted, service: str) -> Iterator[_Tracer | None]:
    """Yield a tracer; what it has not sent when the block is left has two seconds to go.

    All that is not given here the SDK reads from OTEL_... variables: sampling, resource, certificates, batches, and
    whether it is to do anything at all: None where not.
    """
    exporter = OTLPSpanExporter(
        endpoint=f"{wanted.endpoint.rstrip('/')}/{_SIGNAL_PATH}" if wanted.endpoint else None,
        headers=parse_env_headers(wanted.headers, liberal=True) if wanted.headers else None,
    )
    # What the environment says of the resource wins.
    resource = Resource({"service.name": service, "service.version": version("hotseat")}).merge(_environments())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("hotseat", version("hotseat"))
    try:
        yield None if isinstance(tracer, trace.NoOpTracer) else _Tracer(tracer)
    finally:
        ending = threading.Thread(target=provider.shutdown, name="last spans", daemon=True)
        ending.start()
        ending.join(_FAREWELL_S)


def _environments() -> Resource:
    """What OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say, and what the SDK says of itself."""
    found = Resource.create()
    named = {name: value for name, value in found.attributes.items() if not str(value).startswith("unknown_service")}
    return Resource(named)
