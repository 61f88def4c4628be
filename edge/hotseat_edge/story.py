"""What becomes of a request, for its log line and its span: whoever learns a part of it writes it down here."""

from contextvars import ContextVar

from hotseat_serving.trace_context import TraceContext


class Story:
    """Of one request."""

    __slots__ = ("key_id", "tenant", "trace", "turn_id")

    def __init__(self) -> None:
        self.tenant = ""
        self.key_id = ""  # of the key that it showed; empty: none was needed
        self.turn_id = ""  # under which the core knows the turn that it asked for
        self.trace: TraceContext | None = None  # that it is part of, where that is known

    def fields(self) -> dict[str, object]:
        """What the log says of it."""
        return {
            "tenant": self.tenant,
            "key_id": self.key_id or None,
            "turn_request_id": self.turn_id or None,
            "trace_id": self.trace.trace_id if self.trace is not None else None,
        }


_present: ContextVar[Story] = ContextVar("story")


def begin() -> Story:
    """A new story, of the request that is served from now on."""
    story = Story()
    _present.set(story)
    return story


def present() -> Story:
    """The story of the present request; one that nobody reads where there is none."""
    return _present.get(None) or Story()
