"""From a tool's result to the next first token: over HTTP, with the whole history, on a hot worker.

    python bench/tool_result.py [--rounds N] [--json]

Beside it, in the same rounds, a plain follow-up over HTTP and one of the bare CLI. See bench/README.md.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from hotseat_bench.bare_cli import BareClis
from hotseat_bench.machine import core_spec, environment, say, until_quiet
from hotseat_cli import installed, launch
from hotseat_cli.supervisor import ServerFailed, Supervisor
from hotseat_cli.upstream import Kind, Upstream

BARE, FOLLOW_UP = "bare CLI, follow-up", "HTTP, follow-up"
AT_ONCE, RESTED = "HTTP, result sent at once, step", "HTTP, result sent later, step"
CITIES = ("Paris", "Rome", "Oslo")
WARM_UP = 2
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
_CALLS = "[[then]]".join(f'[[call get_weather {{"city":"{city}"}}]]' for city in CITIES)
ASKING = f"{_CALLS}[[then]][[say sunny everywhere]]"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request brought."""

    first_ms: float  # until the first word, or the first piece of a call
    message: dict[str, Any]  # as the client sends it back


class Chat:
    """A conversation whose client keeps the whole history and runs the tool."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = f"{url}/v1/chat/completions"
        self._headers = {"X-Conversation-ID": f"bench-{uuid.uuid4()}"}
        self._messages: list[dict[str, Any]] = []

    async def say(self, text: str) -> Answer:
        """Say something."""
        return await self._ask({"role": "user", "content": text})

    async def give(self, answer: Answer) -> Answer:
        """Send what came of the call that the answer made."""
        (call,) = answer.message["tool_calls"]
        return await self._ask({"role": "tool", "tool_call_id": call["id"], "content": "sunny"})

    async def _ask(self, message: dict[str, Any]) -> Answer:
        self._messages.append(message)
        body = {"model": "claude", "stream": True, "messages": self._messages, "tools": [TOOL]}
        begun, first_ms, deltas = time.perf_counter(), 0.0, list[dict[str, Any]]()
        async with self._http.post(self._url, json=body, headers=self._headers) as response:
            async for line in response.content:
                if not line.startswith(b"data: {"):
                    continue
                chunk = json.loads(line[6:])
                if "error" in chunk:
                    raise RuntimeError(f"the edge answered: {chunk['error']}")
                delta = chunk["choices"][0]["delta"]
                if not first_ms and (delta.get("content") or delta.get("tool_calls")):
                    first_ms = (time.perf_counter() - begun) * 1000
                deltas.append(delta)
        answer = Answer(first_ms, _whole(deltas))
        self._messages.append(answer.message)
        return answer


def _whole(deltas: Sequence[dict[str, Any]]) -> dict[str, Any]:
    text = "".join(delta.get("content") or "" for delta in deltas)
    pieces = [piece for delta in deltas for piece in delta.get("tool_calls") or ()]
    if not pieces:
        return {"role": "assistant", "content": text}
    arguments = "".join(piece["function"].get("arguments") or "" for piece in pieces)
    call = {"id": pieces[0]["id"], "type": "function", "function": {"name": "get_weather", "arguments": arguments}}
    return {"role": "assistant", "content": text or None, "tool_calls": [call]}


async def run(rounds: int) -> dict[str, list[float]]:
    """Milliseconds by way."""
    taken: dict[str, list[float]] = {}
    async with AsyncExitStack() as stack:
        # Outermost: the servers use it until they have ended.
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotseat-bench-")))
        supervisor = await stack.enter_async_context(Supervisor(say))
        values = environment(scratch)
        demo_url = await supervisor.start(launch.demo(values))
        core = await supervisor.start(core_spec(values, demo_url, scratch / "core", warm_workers=1))
        url = await supervisor.start(launch.edge(values, Upstream(Kind.DEMO), core))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        clis = BareClis(values.get("CLAUDE_CLI_PATH", "") or installed.bundled_cli(), demo_url, scratch)
        bare = await stack.enter_async_context(clis.start())
        bare.initialize()
        for number in range(WARM_UP + rounds):
            say(f"round {number - WARM_UP + 1} of {rounds}" if number >= WARM_UP else "warming up")
            found = await _round(Chat(http, url))
            await until_quiet()
            found[BARE] = await bare.first_token("[[say hello]]") * 1000
            if number >= WARM_UP:
                for way, took_ms in found.items():
                    taken.setdefault(way, []).append(took_ms)
    return taken


async def _round(chat: Chat) -> dict[str, float]:
    await chat.say("[[say hello]]")
    await until_quiet()
    found = {FOLLOW_UP: (await chat.say("[[say hello again]]")).first_ms}
    for way, waits in ((AT_ONCE, False), (RESTED, True)):
        await until_quiet()
        answer = await chat.say(ASKING)
        for step in range(1, len(CITIES) + 1):
            if waits:
                await until_quiet()
            answer = await chat.give(answer)
            found[f"{way} {step}"] = answer.first_ms
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="From a tool's result to the next first token, on a hot worker.")
    parser.add_argument("--rounds", type=int, default=15, help="measurements of each way (15)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    try:
        taken = asyncio.run(run(max(1, options.rounds)))
    except ServerFailed as error:
        say(str(error))
        return 1
    medians = {way: round(statistics.median(found), 1) for way, found in sorted(taken.items())}
    least = {way: round(min(found), 1) for way, found in taken.items()}
    if options.json:
        print(json.dumps({"median_ms": medians, "least_ms": least}, indent=2))
    else:
        print(f"{'milliseconds to the first token':<40} median   least")
        for way, median in medians.items():
            print(f"{way:<40} {median:>6.1f}  {least[way]:>6.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
