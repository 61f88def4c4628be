"""The claude CLI as its users see it: a process that speaks stream-json, with a model that follows orders.

What it says is told by the prompt's last text: see Cli.turn. What it does wrong is told by FAKE_CLI, words
separated by commas: see FAULTS. FAKE_CLI_TIMES names a directory with a file for each process that does; the later
ones do everything right. FAKE_CLI_JOURNAL names a file that gets every frame it reads, FAKE_CLI_HEARD one that gets
what its model hears with each prompt, as a provider would. It imports the standard library alone, so that it starts
quickly.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tests.fakes.claude_frames import (
    ODD_FRAMES,
    RETRY_HARD,
    RETRY_SOFT,
    Frame,
    assistant,
    block_frames,
    described,
    last_text,
    stream,
    tool_frames,
)
from tests.fakes.claude_session import FAULTS, Session, TurnInterruptedError, write_all

VERSION = os.environ.get("FAKE_CLI_VERSION", "2.1.330")


class Cli(Session):
    """A session with its model."""

    def run_turn(self, frame: Frame) -> None:
        """Take a prompt and answer it."""
        self.hold("user", frame)
        self.note_heard()
        prompt = frame["uuid"]
        try:
            self.turn(prompt, last_text(frame["message"]["content"]))
        except TurnInterruptedError:
            return
        self.cost += 0.00022
        self.write(self.result(prompt))

    def turn(self, prompt: str, text: str) -> None:
        """Do what the prompt's last text says; a text that orders nothing is repeated."""
        order, _, rest = text.partition(" ")
        orders: dict[str, Callable[[str, str], None]] = {
            "recall": lambda _prompt, _rest: self.recall(),
            "settings": lambda _prompt, _rest: self.say_json(
                [self.system_prompt, self.model, self.mode, self.settings]
            ),
            "process": lambda _prompt, _rest: self.say_json([sys.argv[1:], dict(os.environ), os.getcwd()]),
            "hang": self.hang,
            "mute": self.mute,
            "die": lambda _prompt, _rest: self.die(),
            "vanish": lambda _prompt, _rest: os._exit(9),
            "think": lambda _prompt, rest: self.say([rest], thinking="hm"),
            "tool": self.use_tool,
            "call": self.call_client,
            "garbage": lambda _prompt, rest: self.babble(b"not json\n" * int(rest)),
            "longline": lambda _prompt, rest: self.babble(b'{"pad":"' + b"x" * int(rest) + b'"}\n'),
            "odd": lambda _prompt, _rest: self.babble(b"".join(json.dumps(odd).encode() + b"\n" for odd in ODD_FRAMES)),
            "many": lambda _prompt, rest: self.say([f"w{number} " for number in range(int(rest))]),
            "cut": lambda _prompt, rest: self.say(["cut short"], stop_reason=rest),
            "retry": lambda _prompt, rest: self.retry(RETRY_HARD if rest == "hard" else RETRY_SOFT),
            "restart": lambda _prompt, rest: self.restart(rest),
            "fail": lambda prompt, rest: self.fail(prompt, int(rest)),
        }
        if order in orders:
            orders[order](prompt, rest)
        else:
            self.say([f"{word} " for word in f"you said {text}".split()])

    def recall(self) -> None:
        """Tell what was said before."""
        lines = [line for row in self.rows[:-1] for line in described(row)] or ["nothing"]
        self.say([" | ".join(lines)])

    def say_json(self, value: object) -> None:
        """Tell about this process."""
        self.say([json.dumps(value)])

    def die(self) -> None:
        """End in mid-answer."""
        self.stream(["half"], stop=False)
        sys.stderr.write("something broke\n")
        sys.stderr.flush()
        os._exit(9)

    def babble(self, data: bytes) -> None:
        """Write what is no answer, then answer."""
        write_all(data)
        self.say(["still here"])

    def retry(self, announced: Frame) -> None:
        """The provider failed and is tried again."""
        self.write({"type": "system", "subtype": "api_retry", **announced})
        self.say(["after all"])

    def say(self, pieces: list[str], *, stop_reason: str = "end_turn", thinking: str = "") -> None:
        """Stream an answer and add it to the history."""
        blocks = [{"type": "thinking", "thinking": thinking, "signature": "s"}] if thinking else []
        blocks.append({"type": "text", "text": "".join(pieces)})
        message_id = self.stream(pieces, thinking=thinking)
        self.write(
            *(assistant(message_id, [block]) for block in blocks),
            stream({"type": "message_delta", "delta": {"stop_reason": stop_reason}, "usage": {"output_tokens": 7}}),
            stream({"type": "message_stop"}),
        )
        self.rows.append({"role": "assistant", "content": blocks, "uuid": message_id})

    def stream(self, pieces: list[str], *, thinking: str = "", stop: bool = True) -> str:
        """Stream a message's blocks; return the message's id."""
        message_id = f"msg_{os.getpid()}_{next(self.numbers)}"
        frames = [stream({"type": "message_start", "message": {"id": message_id, "usage": {"input_tokens": 5}}})]
        start = 0
        if thinking:
            frames += block_frames(0, "thinking", [thinking])
            start = 1
        frames += block_frames(start, "text", pieces, stop=stop)
        self.write(*frames)
        return message_id

    def hang(self, prompt: str, text: str) -> None:
        """Begin to answer, and wait until the host has enough of it."""
        self.stream([text or "so far"], stop=False)
        while True:
            self.heed(prompt)

    def mute(self, prompt: str, _rest: str) -> None:
        """Say nothing, and wait until the host has enough of it."""
        while True:
            self.heed(prompt)

    def note_heard(self) -> None:
        """Write down what the model is asked with."""
        heard = os.environ.get("FAKE_CLI_HEARD")
        if heard:
            messages = [{"role": row["role"], "content": row["content"]} for row in self.rows]
            line = json.dumps({"system": self.system_prompt, "messages": messages}).encode() + b"\n"
            with Path(heard).open("ab", buffering=0) as file:
                file.write(line)  # at once: several processes write to it

    def use_tool(self, prompt: str, command: str) -> None:
        """Call Bash, ask whether it may run, and answer with what became of it."""
        command = command or "ls"
        message_id = f"msg_{os.getpid()}_{next(self.numbers)}"
        tool_id = f"toolu_{next(self.numbers)}"
        use = {"type": "tool_use", "id": tool_id, "name": "Bash", "input": {"command": command}}
        self.write(
            stream({"type": "message_start", "message": {"id": message_id, "usage": {"input_tokens": 5}}}),
            *tool_frames(0, use),
            assistant(message_id, [use]),
            stream({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 3}}),
            stream({"type": "message_stop"}),
        )
        self.rows.append({"role": "assistant", "content": [use], "uuid": message_id})
        answer = self.ask(prompt, tool_id, command)
        if answer["behavior"] == "allow":
            result = {"content": f"ran {answer['updatedInput']['command']}", "is_error": False}
        else:
            result = {"content": answer["message"], "is_error": True}
        block = {"type": "tool_result", "tool_use_id": tool_id, **result}
        self.rows.append({"role": "user", "content": [block], "uuid": ""})
        self.write({"type": "user", "message": {"role": "user", "content": [block]}, "parent_tool_use_id": None})
        self.say([f"it {result['content']}"])

    def call_client(self, prompt: str, names: str) -> None:
        """Call tools of the host's, wait for what came of them, and do what the last one's text says."""
        message_id = f"msg_{os.getpid()}_{next(self.numbers)}"
        uses = [
            {"type": "tool_use", "id": f"toolu_{next(self.numbers)}", "name": name, "input": {"a": name}}
            for name in names.split()
        ]
        is_streamed = "unstreamed" not in self.faults
        if is_streamed:
            self.write(stream({"type": "message_start", "message": {"id": message_id, "usage": {"input_tokens": 5}}}))
        for index, use in enumerate(uses):
            params = {"name": use["name"], "arguments": use["input"], "_meta": {"claudecode/toolUseId": use["id"]}}
            message = {"jsonrpc": "2.0", "id": index, "method": "tools/call", "params": params}
            request = {"subtype": "mcp_message", "server_name": "client", "message": message}
            self.write(
                *(tool_frames(index, use) if is_streamed else ()),
                assistant(message_id, [use]),
                {"type": "control_request", "request_id": f"mcp_{use['id']}", "request": request},
            )
        end = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 3}}
        if is_streamed:
            self.write(stream(end), stream({"type": "message_stop"}))
        self.rows.append({"role": "assistant", "content": uses, "uuid": message_id})
        results = self.results(prompt, {f"mcp_{use['id']}": str(use["id"]) for use in uses})
        self.rows.append({"role": "user", "content": results, "uuid": ""})
        self.note_heard()
        self.turn(prompt, results[-1]["content"][-1]["text"])

    def restart(self, how: str) -> None:
        """The provider breaks off in mid-answer; the second attempt says the same, or another thing."""
        first = self.stream(["one ", "two "], stop=False)
        abandoned = {"api_message_id": first, "from_block_index": 0}
        self.write(
            stream({"type": "content_block_stop", "index": 0}),
            stream({"type": "message_stop"}) | {"abandoned_blocks": abandoned},
            {"type": "system", "subtype": "api_retry", **RETRY_SOFT},
        )
        self.say(["one ", "two ", "three"] if how == "same" else ["quite ", "another"])

    def fail(self, prompt: str, status: int) -> None:
        """The provider refuses."""
        text = f'API Error: {status} {{"type":"error"}}'
        api_message = {"id": "synthetic", "model": "<synthetic>", "content": [{"type": "text", "text": text}]}
        self.write(
            {"type": "assistant", "message": api_message, "error": "server_error", "parent_tool_use_id": None},
            self.result(prompt, is_error=True, result=text, api_error_status=status, terminal_reason="api_error"),
        )
        raise TurnInterruptedError


def read_input(session: Session) -> None:
    """Hand the host's frames over; a malformed one ends the process, as with the real CLI."""
    journal = os.environ.get("FAKE_CLI_JOURNAL")
    for line in sys.stdin.buffer:
        if journal:
            with Path(journal).open("ab") as file:
                file.write(line)
        try:
            frame = json.loads(line)
        except ValueError as exc:
            sys.stderr.write(f"Error parsing streaming input line: {exc}\n")
            sys.stderr.flush()
            os._exit(1)
        session.incoming.put(frame)
    session.incoming.put(None)


def faults() -> set[str]:
    """What this process shall do wrong."""
    times = os.environ.get("FAKE_CLI_TIMES")
    if times and not any(_removed(left) for left in Path(times).iterdir()):
        return set()
    found = set(filter(None, os.environ.get("FAKE_CLI", "").split(",")))
    assert found <= set(FAULTS), found
    return found


def _removed(left: Path) -> bool:
    try:
        left.unlink()
    except FileNotFoundError:  # another process was faster
        return False
    return True


def main() -> None:
    """Be the CLI."""
    if "--version" in sys.argv:
        os.write(1, f"{VERSION} (Claude Code)\n".encode())
        return
    session = Cli(faults())
    if "exit" in session.faults:
        sys.stderr.write("cannot start today\n")
        sys.exit(3)
    if "deaf" in session.faults:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "stderr" in session.faults:
        sys.stderr.write("noise\n" * 50_000 + "the last words\n")
        sys.stderr.flush()
    if "litter" in session.faults:
        Path("litter").write_text("x")
    if session.faults & {"child", "holder"}:
        output = None if "holder" in session.faults else subprocess.DEVNULL
        subprocess.Popen(
            ["sleep", "1000"], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    for word in sys.argv:
        if word.startswith("--resume="):
            session.resume(word.removeprefix("--resume="))
    threading.Thread(target=read_input, args=(session,), daemon=True).start()
    session.serve()
    os._exit(0)


if __name__ == "__main__":
    main()
