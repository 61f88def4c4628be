"""Traces: whose are gone on with, what is loaded where none are wanted, and what is said where they can't be had."""

import logging
import subprocess
import sys
from collections.abc import Mapping

import pytest
from hotseat_serving.trace_context import TraceContext, parse
from hotseat_serving.tracing import CannotTraceError, Kind, Value, Wanted, tracing

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{PARENT}-01"
LATER = f"cc-{TRACE}-{PARENT}-01-of-a-version-to-come"


@pytest.mark.parametrize(
    ("traceparent", "tracestate", "found"),
    [
        (GOOD, None, TraceContext(GOOD)),
        (f"  {GOOD} ", "a=1,b=2", TraceContext(GOOD, "a=1,b=2")),
        (GOOD, "a=\x00", TraceContext(GOOD)),
        (GOOD, "a=" + "x" * 600, TraceContext(GOOD)),
        (LATER, "", TraceContext(LATER)),
        (f"00-{TRACE}-{PARENT}-01-more", "", None),
        (f"ff-{TRACE}-{PARENT}-01", "", None),
        (f"00-{'0' * 32}-{PARENT}-01", "", None),
        (f"00-{TRACE}-{'0' * 16}-01", "", None),
        (GOOD.upper(), "", None),
        (GOOD + "-" + "x" * 300, "", None),
        ("nonsense", "", None),
        ("", "", None),
        (None, "a=1", None),
    ],
)
def test_a_context_is_taken_as_it_is_written_or_not_at_all(
    traceparent: str | None, tracestate: str | None, found: TraceContext | None
) -> None:
    assert parse(traceparent, tracestate) == found


def test_a_context_names_its_trace() -> None:
    assert TraceContext(GOOD).trace_id == TRACE


@pytest.mark.parametrize(
    ("wanted", "are_traces"),
    [
        (Wanted(), False),
        (Wanted(endpoint="http://collector"), True),
        (Wanted(choice="on"), True),
        (Wanted(choice="off", endpoint="http://collector"), False),
    ],
)
def test_an_endpoint_is_enough_and_off_is_off(wanted: Wanted, are_traces: bool) -> None:
    assert wanted.are_traces is are_traces


def test_where_none_are_wanted_nothing_of_opentelemetry_is_loaded() -> None:
    """Of either server."""
    look = (
        "import sys, hotseat_core.__main__, hotseat_core.server, hotseat_edge.__main__\n"
        "from hotseat_serving.tracing import Wanted, tracing\n"
        "with tracing(Wanted(), 'x') as tracer: assert tracer is None\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    seen = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=True)
    assert seen.stdout.strip() == "[]"


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry is not installed."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    monkeypatch.delitem(sys.modules, "hotseat_serving.otel", raising=False)


@pytest.mark.usefixtures("absent")
def test_where_it_is_not_installed_who_insists_on_it_is_told_how_to_get_it() -> None:
    with pytest.raises(CannotTraceError, match=r"pip install 'hotseat\[otel\]'"), tracing(Wanted(choice="on"), "x"):
        pass


@pytest.mark.usefixtures("absent")
def test_where_it_is_not_installed_an_endpoint_alone_keeps_nothing_from_starting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with tracing(Wanted(endpoint="http://127.0.0.1:9"), "x") as tracer:
        assert tracer is None
    assert "pip install" in caplog.records[-1].__dict__["mend"]


def test_the_environment_may_switch_the_library_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with tracing(Wanted(choice="on", endpoint="http://127.0.0.1:9"), "x") as tracer:
        assert tracer is None


def test_what_a_caller_did_not_sample_is_not_recorded_but_keeps_its_trace(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("OTEL_TRACES_SAMPLER", raising=False)
    caplog.set_level(logging.DEBUG)
    unsampled = f"00-{TRACE}-{PARENT}-00"
    attributes: Mapping[str, Value] = {"a": ("b",)}
    with tracing(Wanted(choice="on", endpoint="http://127.0.0.1:9"), "x") as tracer:
        assert tracer is not None
        span = tracer.begin("a", Kind.SERVER, parse(unsampled, "k=v"))
        child = span.child("b")
        child.note(attributes)
        child.end(failure="x")
        span.end()
        assert (span.context.trace_id, span.context.tracestate) == (TRACE, "k=v")
        assert span.context.traceparent.endswith("-00")
    assert "exporting" not in caplog.text  # nothing was there to send
