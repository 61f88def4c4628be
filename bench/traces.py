"""What a turn's log line and its trace take of the core's processor: with traces off, and on, the sending included.

    python bench/traces.py [--turns N] [--json]

Turns that say a hundred pieces, without a worker; the spans go to a collector of its own process that forgets them.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from hotseat_core.conversation.chronicle import Chronicle, Place
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.conversation.turn_trace import TurnTrace
from hotseat_core.events import Outcome, TextDelta, TurnCompleted, Usage
from hotseat_core.pool.lease import Lease
from hotseat_core.pool.view import Source
from hotseat_core.upstream.meter import Tokens
from hotseat_serving.trace_context import parse
from hotseat_serving.tracing import Tracer, Wanted, tracing

PIECES = 100
_ROUNDS = 5
_COLLECTOR = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
print(server.server_port, flush=True)
server.serve_forever()
"""
_PARENT = parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
_BODY = b'{"model":"some-model","messages":[]}'
_DONE = TurnCompleted("r", Outcome.SUCCEEDED, "", Usage(10, PIECES), 1.0, 1)
_PLACE = Place("c", "", ConversationSettings("claude"))
_SAID = [[TextDelta("word ", 0)] for _ in range(PIECES)]


class _Worker:
    id = "w"


class _Lease:
    worker, source, queue_duration_s = _Worker(), Source.HOT, 0.0


def turn(tracer: Tracer | None) -> None:
    """One turn, as far as it is told of."""
    trace = TurnTrace(tracer, _PARENT, "r") if tracer is not None else None
    chronicle = Chronicle("r", trace)
    chronicle.note_preparing()
    chronicle.note_lease(cast("Lease", _Lease()))
    call = trace.calls.begin(b"/v1/messages", _BODY) if trace is not None else None
    told = call.headers if call is not None else ()
    for events in _SAID:
        chronicle.hear(events)
    if call is not None and told:
        call.end(200, Tokens("some-model", 10, PIECES, is_final=True), 0.1)
    chronicle.tell_end(_DONE, 1, _PLACE)


def microseconds(turns: int, tracer: Tracer | None) -> float:
    """Of CPU, for one turn: the median of some rounds."""
    found = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(turns):
            turn(tracer)
        found.append((time.process_time() - began) / turns * 1e6)
    return sorted(found)[_ROUNDS // 2]


@contextmanager
def collecting() -> Iterator[str]:
    """A collector's URL."""
    process = subprocess.Popen([sys.executable, "-c", _COLLECTOR], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.wait()


def measure(turns: int) -> dict[str, Any]:
    """Both figures."""
    os.environ["OTEL_BSP_MAX_QUEUE_SIZE"] = str(100 * turns)  # nothing is dropped, or it would cost less
    logging.disable(logging.INFO)
    off = microseconds(turns, None)
    with collecting() as url, tracing(Wanted(choice="on", endpoint=url), "bench") as tracer:
        return {"turns": turns, "off_us": round(off, 1), "on_us": round(microseconds(turns, tracer), 1)}


def main() -> None:
    """Measure and tell."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--turns", type=int, default=500, metavar="N")
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args()
    told = measure(options.turns)
    if options.json:
        print(json.dumps(told))
        return
    print(
        f"a turn of {PIECES} pieces, in us of CPU: {told['off_us']:.0f} without traces, {told['on_us']:.0f} with them"
    )


if __name__ == "__main__":
    main()
