"""Hotseat beside another server of this kind: hot conversations that are followed up at once.

    python bench/peer.py [--rounds N] [--json] [--check]

Both on this machine in the same minutes, taking turns, with the same CLI and the same scripted model, asked in the same
words. The other one is installed into an environment of its own under .cache the first time. See bench/README.md.
"""

import argparse
import asyncio
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from hotseat_bench import claudegate
from hotseat_bench.clients import MODEL
from hotseat_bench.machine import core_spec, environment, say, until_quiet
from hotseat_bench.peer_report import HOT, OURS, PEER, TIMES, Figures, Report, report, table
from hotseat_cli import launch
from hotseat_cli.installed import bundled_cli
from hotseat_cli.supervisor import ServerFailed, Supervisor
from hotseat_cli.upstream import Kind, Upstream

_TURN_S = 120.0


@dataclass
class Server:
    """A server, the conversations that it holds, and what was measured of it."""

    name: str
    url: str
    model: str
    http: aiohttp.ClientSession
    conversations: list[list[dict[str, str]]] = field(default_factory=lambda: [[] for _ in range(HOT)])
    first_tokens_s: list[float] = field(default_factory=list)
    seconds: float = 0.0

    async def warm_up(self) -> None:
        """Begin all conversations, one after the other."""
        for number, said in enumerate(self.conversations):
            await self._ask(said, f"conversation {number} begins")

    async def follow_up(self, round_: int) -> None:
        """Go on in all conversations at once, so many times, and note how long it took."""
        begun = time.perf_counter()
        for number in range(TIMES):
            text = f"follow-up {number} of round {round_}"
            self.first_tokens_s += await asyncio.gather(*(self._ask(said, text) for said in self.conversations))
        self.seconds += time.perf_counter() - begun

    async def _ask(self, said: list[dict[str, str]], text: str) -> float:
        """Seconds to the first content of an answer, which is read to its end and compared. Raises RuntimeError."""
        asked = {"role": "user", "content": f"[[say {text}]]"}
        body = {"model": self.model, "stream": True, "messages": [*said, asked]}
        begun, first, answer = time.perf_counter(), 0.0, ""
        async with self.http.post(f"{self.url}/v1/chat/completions", json=body) as response:
            if response.status != 200:
                raise RuntimeError(f"{self.name} answered {response.status}: {(await response.text())[:2000]}")
            async for line in response.content:
                data = line.removeprefix(b"data: ").strip()
                if data.startswith(b"{"):
                    for choice in json.loads(data).get("choices", ()):
                        answer += choice["delta"].get("content") or ""
                    first = first or (time.perf_counter() - begun if answer else 0.0)
        if answer != text:
            raise RuntimeError(f"{self.name} answered {response.status}: {answer!r} instead of {text!r}")
        said += [asked, {"role": "assistant", "content": answer}]
        return first


async def run(rounds: int) -> Report:
    """Measure both, in turns. Raises PeerError, ServerFailed or RuntimeError."""
    async with _both() as servers:
        for server in servers:
            say(f"{server.name}: {HOT} conversations begin")
            await server.warm_up()
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            for server in servers if number % 2 else servers[::-1]:
                await until_quiet()
                await server.follow_up(number)
    return report(rounds, {server.name: Figures.of(server.first_tokens_s, server.seconds) for server in servers})


@asynccontextmanager
async def _both() -> AsyncIterator[Sequence[Server]]:
    async with AsyncExitStack() as stack:
        # Outermost: the servers use it until they have ended.
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotseat-peer-")))
        supervisor = await stack.enter_async_context(Supervisor(say))
        values = {**environment(scratch), "POOL_SIZE": str(HOT)}
        demo_url = await supervisor.start(launch.demo(values))
        core = await supervisor.start(core_spec(values, demo_url, scratch / "core", warm_workers=0))
        edge = await supervisor.start(launch.edge(values, Upstream(Kind.DEMO), core))
        cli = Path(values.get("CLAUDE_CLI_PATH") or bundled_cli())
        peer = await stack.enter_async_context(claudegate.serving(cli, demo_url, values, scratch / PEER))
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TURN_S)))
        yield Server(OURS, edge, MODEL, http), Server(PEER, peer, "sonnet", http)


def main() -> int:
    """Measure and print; with --check, 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description="Hotseat beside another server of this kind.")
    parser.add_argument("--rounds", type=int, default=10, help=f"of {HOT} x {TIMES} requests to each (10)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit code 1 where an aim is missed")
    options = parser.parse_args()
    try:
        found = asyncio.run(run(max(1, options.rounds)))
    except (ServerFailed, claudegate.PeerError, RuntimeError) as error:
        say(str(error))
        return 1
    except asyncio.CancelledError:  # a signal: everything has been ended
        return 130
    print(json.dumps(dataclasses.asdict(found), indent=2) if options.json else table(found))
    return 1 if options.check and not all(found.aims.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
