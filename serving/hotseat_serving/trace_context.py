"""Where in which trace something belongs, as W3C Trace Context writes it. No I/O."""

import re
from typing import NamedTuple

# Of versions to come only the beginning is known; ff is none.
_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_LONGEST_PARENT, _LONGEST_STATE = 256, 512


class TraceContext(NamedTuple):
    """A place in a trace."""

    traceparent: str
    tracestate: str = ""

    @property
    def trace_id(self) -> str:
        """The trace's."""
        return self.traceparent[3:35]


def parse(traceparent: str | None, tracestate: str | None = None) -> TraceContext | None:
    """Return what a caller wrote; None where it is no context, which is no error: the trace begins here then."""
    text = (traceparent or "").strip()
    found = _PARENT.fullmatch(text) if len(text) <= _LONGEST_PARENT else None
    if found is None or (text.startswith("00") and found[2]):
        return None
    state = (tracestate or "").strip()
    is_sane = len(state) <= _LONGEST_STATE and state.isascii() and state.isprintable()
    return TraceContext(text, state if is_sane else "")
