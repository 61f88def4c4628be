"""A turn as a span of a trace: what it waited for, what it asked of the provider, and the tools that it used."""

import time
from collections.abc import Callable, Iterable

from hotseat_serving.trace_context import TraceContext
from hotseat_serving.tracing import Kind, Tracer, Value

from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.events import Event, Failure, Outcome, ToolCompleted, ToolInputCompleted, ToolStarted, TurnCompleted
from hotseat_core.pool.lease import Lease
from hotseat_core.upstream.call_trace import PROVIDER, CallTrace

_OPERATION = "invoke_agent"  # in the words of OpenTelemetry's conventions for generative AI
# What a turn's end is called there; the others are its outcome in small letters.
_FINISHES = {Outcome.SUCCEEDED: "stop", Outcome.TRUNCATED: "length", Outcome.REFUSED: "content_filter"}


class TurnTrace:
    """From the moment an input was said to its end. It has no word of what was said."""

    def __init__(
        self, tracer: Tracer, parent: TraceContext | None, request_id: str, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._span = tracer.begin(_OPERATION, Kind.SERVER, parent)
        self._clock = clock
        self._tools: dict[str, tuple[str, int]] = {}  # those that run, by the id of their use: name, since when
        self._since = clock()  # the phase that is under way
        self._has_waited = False  # for its turn, behind earlier inputs of the conversation
        self.context = self._span.context
        self.calls = CallTrace(self._span, self.context.traceparent)
        self._span.note({"hotseat.request_id": request_id})

    @property
    def trace_id(self) -> str:
        """The trace's."""
        return self.context.trace_id

    def note_preparing(self) -> None:
        """A worker is asked for; again, where the first one died too soon."""
        if self._has_waited:
            self._since = self._clock()
        else:
            self._phase("wait")
        self._has_waited = True

    def note_lease(self, lease: Lease) -> None:
        """A worker is there, and holds the conversation."""
        had = self._since + int(lease.queue_duration_s * 1e9)
        source: dict[str, Value] = {"hotseat.worker.id": lease.worker.id, "hotseat.worker.source": lease.source.value}
        queue = self._span.child("queue", begin_ns=self._since)
        queue.note(source)
        queue.end(end_ns=had)
        self._since = had
        self._phase("bind")
        self._span.note(source)

    def hear(self, events: Iterable[Event]) -> None:
        """Follow the tools that the CLI runs; those of clients run elsewhere."""
        for event in events:
            if isinstance(event, ToolStarted) and not event.client_tool:
                self._tools[event.tool_use_id] = event.name, self._clock()
            elif isinstance(event, ToolInputCompleted) and event.tool_use_id in self._tools:
                self._tools[event.tool_use_id] = self._tools[event.tool_use_id][0], self._clock()
            elif isinstance(event, ToolCompleted):
                self._end_tool(event.tool_use_id, "tool_error" if event.is_error else "")

    def end(self, completed: TurnCompleted, turn: int) -> None:
        """The turn has ended."""
        failure, usage = completed.failure, completed.usage
        finish = _FINISHES.get(completed.outcome, completed.outcome.name.lower())
        self._span.note(
            {
                "gen_ai.usage.input_tokens": usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens,
                "gen_ai.usage.output_tokens": usage.output_tokens,
                "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens,
                "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens,
                "gen_ai.response.finish_reasons": (finish,),
                "hotseat.turn": turn,
                "hotseat.steps": completed.step_count,
                "hotseat.cost_usd": usage.cost_usd,
            }
        )
        self._end(failure)

    def reject(self, failure: Failure) -> None:
        """The input never became a turn."""
        self._end(failure)

    def tell_place(self, conversation_id: str, tenant: str, settings: ConversationSettings) -> None:
        """Say whose turn it is, which may change until it begins."""
        self._span.rename(f"{_OPERATION} {settings.profile}")
        self._span.note(
            {
                "gen_ai.operation.name": _OPERATION,
                "gen_ai.provider.name": PROVIDER,
                "gen_ai.agent.name": settings.profile,
                "gen_ai.conversation.id": conversation_id,
                "hotseat.tenant": tenant,
                **({"gen_ai.request.model": settings.setup.model} if settings.setup.model else {}),
            }
        )

    def _phase(self, name: str) -> None:
        now = self._clock()
        self._span.child(name, begin_ns=self._since).end(end_ns=now)
        self._since = now

    def _end_tool(self, tool_use_id: str, failure: str) -> None:
        name, since = self._tools.pop(tool_use_id, ("", 0))
        if not since:
            return
        span = self._span.child(f"execute_tool {name}", begin_ns=since)
        span.note(
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": name,
                "gen_ai.tool.call.id": tool_use_id,
            }
        )
        span.end(failure=failure)

    def _end(self, failure: Failure | None) -> None:
        for tool_use_id in list(self._tools):
            self._end_tool(tool_use_id, "cut_off")
        self._span.end(failure=failure.reason.name if failure is not None else "")
