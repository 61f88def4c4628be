"""What the servers need of a tracer, without the library that is one: that is loaded where traces are wanted, alone."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Literal, Protocol, TypeAlias

import msgspec

from hotseat_serving.trace_context import TraceContext

logger = logging.getLogger(__name__)

Choice: TypeAlias = Literal["auto", "on", "off"]  # auto: where there is an endpoint
Value: TypeAlias = str | int | float | bool | tuple[str, ...]

HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"  # the variable that may hold a secret
_HOW = "install it with `pip install 'hotseat[otel]'`"


class CannotTraceError(Exception):
    """Traces are asked for and can't be had; the text is one line for the operator."""


class Kind(Enum):
    """What a span is of: the value is OpenTelemetry's name for it."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"
    CLIENT = "CLIENT"


class Span(Protocol):
    """Something that takes time. Whoever begins it ends it. Times are nanoseconds since the epoch; None: now."""

    @property
    def context(self) -> TraceContext:
        """Its place, for those who go on with the trace elsewhere."""

    def child(self, name: str, kind: Kind = Kind.INTERNAL, *, begin_ns: int | None = None) -> "Span":
        """Begin a part of it."""

    def rename(self, name: str) -> None:
        """Give it a better name, once there is one."""

    def note(self, attributes: Mapping[str, Value]) -> None:
        """Say more about it."""

    def end(self, *, failure: str = "", end_ns: int | None = None) -> None:
        """It is over; failure: the kind of error that it ended with."""


class Tracer(Protocol):
    """Begins traces, or goes on with them."""

    def begin(self, name: str, kind: Kind, parent: TraceContext | None) -> Span:
        """Begin a span; parent: what somebody else has begun."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which traces an operator wants, and where they go."""

    choice: Choice = "auto"
    endpoint: str = ""  # of the collector, without a path; empty: the library's default
    headers: str = ""  # for the collector, as OTEL_EXPORTER_OTLP_HEADERS has them; may be secret

    @property
    def are_traces(self) -> bool:
        """Whether any are."""
        return self.choice == "on" or (self.choice == "auto" and bool(self.endpoint))


@contextlib.contextmanager
def tracing(wanted: Wanted, service: str) -> Iterator[Tracer | None]:
    """Yield a tracer, which sends what it has when the block is left; None where no traces are wanted.

    Raises CannotTraceError where they can't be had though HOTSEAT_TRACES says that they must.
    """
    if not wanted.are_traces:
        yield None
        return
    try:
        from hotseat_serving.otel import exporting  # noqa: PLC0415 -- a quarter of a second, and it may not be there
    except ImportError as exc:
        if wanted.choice == "on":
            raise CannotTraceError(f"HOTSEAT_TRACES=on needs OpenTelemetry: {_HOW}") from exc
        logger.warning("an OTLP endpoint is set, but OpenTelemetry is not there", extra={"mend": _HOW})
        yield None
        return
    with exporting(wanted, service) as tracer:
        where = {"endpoint": wanted.endpoint or None, "is_disabled": tracer is None}  # by OTEL_SDK_DISABLED
        logger.info("traces", extra=where)
        yield tracer
