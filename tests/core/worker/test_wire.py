"""Calls to the CLI and their answers, over a real process."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hotseat_core.errors import WorkerLost
from hotseat_core.worker.command import Command
from hotseat_core.worker.control import call
from hotseat_core.worker.wire import Line, Wire

# Answers each call as its subtype says, and repeats whatever else it hears.
PROGRAM = """
import json, sys
def say(value): print(json.dumps(value), flush=True)
def respond(**response): say({"type": "control_response", "response": response})
for line in sys.stdin:
    frame = json.loads(line)
    request = frame.get("request") or {}
    name = frame.get("request_id")
    match request.get("subtype"):
        case "good": respond(request_id=name, subtype="success", response=request)
        case "bad": respond(request_id=name, subtype="error", error="no such thing")
        case "late": pass
        case "odd": say({"type": "control_response"}); respond(request_id="?")
        case "end": sys.stderr.write("good bye"); sys.exit(4)
        case _: say(frame)
"""


class Ends:
    """What a wire told of by itself."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.lost: list[WorkerLost] = []
        self.news = asyncio.Event()
        self.wire = Wire(self._on_batch, self._on_exit)

    def _on_batch(self, batch: list[Line]) -> None:
        self.lines += batch
        self.news.set()

    def _on_exit(self, lost: WorkerLost) -> None:
        self.lost.append(lost)
        self.news.set()


@asynccontextmanager
async def connected(cwd: Path) -> AsyncIterator[Ends]:
    ends = Ends()
    await ends.wire.start(Command((sys.executable, "-S", "-c", PROGRAM), {}, cwd))
    try:
        yield ends
    finally:
        await ends.wire.aclose(gently=False)
        assert len(ends.lost) == 1


async def test_every_call_gets_its_own_answer(tmp_path: Path) -> None:
    async with connected(tmp_path) as ends:
        calls = [ends.wire.call("good", number=number) for number in range(20)]
        assert [(await answer)["number"] for answer in calls] == list(range(20))
        assert not any(message.get("type") == "control_response" for _, message in ends.lines)


async def test_a_call_that_is_refused_fails_and_says_why(tmp_path: Path) -> None:
    async with connected(tmp_path) as ends:
        with pytest.raises(WorkerLost, match="the CLI refused: no such thing"):
            await ends.wire.call("bad")


async def test_answers_that_nobody_asked_for_do_no_harm(tmp_path: Path) -> None:
    async with connected(tmp_path) as ends:
        given_up = ends.wire.call("good")
        given_up.cancel()
        odd = ends.wire.call("odd")
        assert (await ends.wire.call("good", is_fine=True))["is_fine"]
        assert not odd.done()


async def test_whatever_else_it_says_comes_as_it_came(tmp_path: Path) -> None:
    async with connected(tmp_path) as ends:
        ends.wire.write(b'{"type":"news"}\n', b'{"type":"more"}\n')
        while len(ends.lines) < 2:
            ends.news.clear()
            await ends.news.wait()
        assert ends.lines == [(b'{"type": "news"}', {"type": "news"}), (b'{"type": "more"}', {"type": "more"})]


async def test_when_it_ends_every_call_fails_with_its_last_words(tmp_path: Path) -> None:
    async with connected(tmp_path) as ends:
        waiting = [ends.wire.call("late"), ends.wire.call("end")]
        for answer in waiting:
            with pytest.raises(WorkerLost, match=r"the CLI ended \(exit code 4\): good bye"):
                await answer
        with pytest.raises(WorkerLost, match="the CLI has ended: good bye"):
            ends.wire.call("good")
        with pytest.raises(WorkerLost):
            ends.wire.write(call("x", "good"))


async def test_a_wire_that_was_never_started_is_no_use_and_no_trouble() -> None:
    wire = Wire(lambda _: None, lambda _: None)
    with pytest.raises(WorkerLost):
        wire.write(b"{}\n")
    await wire.aclose(gently=True)
    assert (wire.pid, wire.last_words) == (0, "")


async def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    wire = Wire(lambda _: None, lambda _: None)
    with pytest.raises(FileNotFoundError):
        await wire.start(Command((str(tmp_path / "nothing"),), {}, tmp_path))
    await wire.aclose(gently=True)
