"""What the edge takes of the processor: for a streamed chunk, and for a request, at 1, 16 and 64 streams.

    python bench/edge.py [--chunks N] [--json]

A core that says nothing but words stands behind the real edge, a process of its own, whose CPU time is read before and
after. See bench/README.md.
"""
# ruff: noqa: N802  # the generated base classes name the methods

import argparse
import asyncio
import dataclasses
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import grpc.aio
import psutil
from hotseat import pb
from hotseat.v1.conversation_service_pb2_grpc import (
    ConversationServiceServicer,
    add_ConversationServiceServicer_to_server,
)
from hotseat.v1.key_service_pb2_grpc import KeyServiceServicer, add_KeyServiceServicer_to_server

STREAMS = (1, 16, 64)
PACE_S = 0.0125  # eighty pieces a second, as a quick model says them
_LEAST_REQUESTS = 64


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of the edge's CPU."""

    streams: int
    chunk_at_once: float
    chunk_paced: float
    request: float  # of one chunk, that chunk included


class OpenDoor(KeyServiceServicer):
    """Lets everybody in."""

    async def GetCaller(self, _request: object, _context: object) -> pb.GetCallerResponse:
        return pb.GetCallerResponse(auth_mode=pb.AUTH_MODE_OPEN, tenant="default", scopes=[pb.SCOPE_CONVERSE])


class WordyCore(ConversationServiceServicer):
    """Answers each input with as many words as it says: "100" or, one each 12.5 ms, "100 paced"."""

    async def ListProfiles(self, _request: object, _context: object) -> pb.ListProfilesResponse:
        return pb.ListProfilesResponse(profiles=[pb.Profile(name="claude")])

    async def Converse(self, _: object, context: Any) -> None:
        opening = await context.read()
        if opening is grpc.aio.EOF:
            return  # it was opened ahead of need
        conversation = pb.Conversation(conversation_id="c")
        await context.write(pb.ConverseResponse(ready=pb.Ready(conversation=conversation, next_sequence=1)))
        if opening.open.HasField("first_input"):
            await _answer(context, opening.open.first_input)
        while (message := await context.read()) is not grpc.aio.EOF:
            if message.HasField("user_input"):
                await _answer(context, message.user_input)


async def _answer(context: Any, said: pb.UserInput) -> None:
    count, _, is_paced = said.content[0].text.partition(" ")
    started = pb.TurnStarted(request_id=said.request_id)
    await context.write(pb.ConverseResponse(sequence=1, turn=1, turn_started=started))
    for number in range(int(count)):
        delta = pb.TextDelta(text="word ", block=0)
        await context.write(pb.ConverseResponse(sequence=number + 2, turn=1, text_delta=delta))
        if is_paced:
            await asyncio.sleep(PACE_S)
    done = pb.TurnCompleted(request_id=said.request_id, outcome=pb.TurnCompleted.OUTCOME_SUCCEEDED)
    done.text = "word " * int(count)
    await context.write(pb.ConverseResponse(sequence=int(count) + 2, turn=1, turn_completed=done))


class Bench:
    """A running edge, and a client of it."""

    def __init__(self, url: str, pid: int, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._edge = psutil.Process(pid)
        self._http = http

    async def cost(self, streams: int, chunks: int) -> Cost:
        """What a chunk and a request cost with so many streams at a time."""
        rounds = max(1, _LEAST_REQUESTS // streams)
        request = await self._took(streams, "1", rounds) / (streams * rounds)
        at_once = await self._took(streams, str(chunks)) / streams - request
        paced = await self._took(streams, f"{chunks} paced") / streams - request
        return Cost(streams, at_once / (chunks - 1) * 1e6, paced / (chunks - 1) * 1e6, request * 1e6)

    async def _took(self, streams: int, said: str, rounds: int = 1) -> float:
        before = sum(self._edge.cpu_times()[:2])
        for _ in range(rounds):
            await asyncio.gather(*(self._ask(said) for _ in range(streams)))
        return sum(self._edge.cpu_times()[:2]) - before

    async def _ask(self, said: str) -> None:
        body = {"model": "claude", "stream": True, "messages": [{"role": "user", "content": said}]}
        async with self._http.post(f"{self._url}/v1/chat/completions", json=body) as response:
            data = await response.read()
        words = int(said.partition(" ")[0])
        if not data.endswith(b"data: [DONE]\n\n") or data.count(b'"word "') != words:
            raise SystemExit(f"the edge answered {response.status}: {data[-500:]!r}")


@asynccontextmanager
async def running() -> AsyncIterator[Bench]:
    """A core and an edge on free ports of loopback."""
    server = grpc.aio.server(options=[("grpc.http2.max_ping_strikes", 0)])
    add_ConversationServiceServicer_to_server(WordyCore(), server)
    add_KeyServiceServicer_to_server(OpenDoor(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    environment = {"PATH": os.environ["PATH"], "PORT": "0", "HOTSEAT_CORE_TARGET": f"127.0.0.1:{port}"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotseat_edge"),
        env=environment | {"HOTSEAT_LOG_LEVEL": "warning"},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            line = (await process.stdout.readline()).decode()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            yield Bench(line.split()[-1], process.pid, http)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        await server.stop(None)


async def measure(chunks: int) -> list[Cost]:
    """The costs at each number of streams, once warm."""
    async with running() as bench:
        await bench.cost(4, 50)
        return [await bench.cost(streams, chunks) for streams in STREAMS]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=100, help="of each stream (100)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    costs = asyncio.run(measure(options.chunks))
    if options.json:
        print(json.dumps([dataclasses.asdict(cost) for cost in costs]))
        return
    print("microseconds of the edge's CPU\n\nstreams   a chunk, at once   a chunk, paced   a request")
    for cost in costs:
        print(f"{cost.streams:>7}   {cost.chunk_at_once:>16.1f}   {cost.chunk_paced:>14.1f}   {cost.request:>9.0f}")


if __name__ == "__main__":
    main()
