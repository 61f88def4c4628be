"""A server process that treats its supervisor as the real ones do, or, where FAKE_<NAME> says so, badly.

FAKE_<NAME> holds words: `exit=N` ends before listening, `mute` never says that it listens, `slow` takes the first
signal and goes on, `deaf` takes every signal and goes on. What happens is appended to the file FAKE_LOG.
"""

import http.server
import json
import os
import select
import signal
import sys
import threading
from pathlib import Path

ANSWERS = {
    "/v1/models": {"data": [{"id": "claude-code"}, {"id": "claude-code/opus"}, {"id": "claude"}]},
    "/health": {"pool": {"sandbox": {"enabled": False, "reason": "there is no bwrap"}}},
}


class Edge(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(ANSWERS.get(self.path)).encode()
        self.send_response(200 if self.path in ANSWERS else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
        pass


def serve(name: str) -> None:
    """Be the server `name` until told to stop."""
    words = os.environ.get(f"FAKE_{name.upper()}", "").split()
    note(name, "started", pid=os.getpid(), environment=dict(os.environ))
    for word in words:
        if word.startswith("exit="):
            sys.stderr.write("the fake was told to fail\n")
            sys.exit(int(word.removeprefix("exit=")))
    readable, writable = os.pipe()
    for number in (signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if name != "demo" else [])):
        signal.signal(number, lambda got, _frame: os.write(writable, bytes([got])))
    if "mute" not in words:
        sys.stdout.write(f"hotseat {name} listening on {address(name)}\nand one more line\n")
        sys.stdout.flush()
    parent = int(os.environ["HOTSEAT_PARENT_FD"])
    signals = 0
    while True:
        ready, _, _ = select.select([readable, parent], [], [])
        if readable in ready:
            number = signal.Signals(os.read(readable, 1)[0])
            note(name, number.name)
            if number is signal.SIGHUP:
                continue
            signals += 1
            if "deaf" not in words and not ("slow" in words and signals == 1):
                break
        if parent in ready:
            note(name, "parent gone")
            break
    note(name, "ended")


def address(name: str) -> str:
    if name != "edge":
        return "127.0.0.1:50999" if name == "core" else "http://127.0.0.1:41999"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Edge)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def note(name: str, what: str, **more: object) -> None:
    with Path(os.environ["FAKE_LOG"]).open("a") as log:
        log.write(json.dumps({"server": name, "what": what, **more}) + "\n")
