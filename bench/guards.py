"""What all guards together cost a request: two houses in one run, one with all of them and one without.

    python bench/guards.py [--rounds N] [--json] [--check]

Every round measures both, in an order that alternates, over several processes each. See bench/README.md.
"""

import argparse
import asyncio
import dataclasses
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from pathlib import Path

from hotseat import Client, pb
from hotseat_bench import guards_report
from hotseat_bench.clients import OverHttp
from hotseat_bench.guards_report import WITH, WITHOUT
from hotseat_bench.machine import environment, say
from hotseat_cli import launch
from hotseat_cli.supervisor import ServerFailed, Supervisor
from hotseat_cli.upstream import Kind, Upstream

PROMPT = "[[say one two three four five]]"
WARM_UP = 3  # asks of each process
PROCESSES = 4  # of each house at a time
# Processes of one CLI differ from each other for as long as they live, by more than the guards cost: after so many
# rounds the house gets others.
ROUNDS_OF_PROCESSES = 2
ASKS = 3  # of each process, in a round

GUARDED = {
    "HOTSEAT_SANDBOX": "required",
    "HOTSEAT_KEY_MODE": "proxy",
    "HOTSEAT_ALLOWED_MODELS": "claude-*",
    "HOTSEAT_WORKER_MEMORY_LIMIT_MB": "4096",
    "HOTSEAT_WORKER_PROCESS_LIMIT": "512",
}
OPEN = {
    "HOTSEAT_SANDBOX": "off",
    "HOTSEAT_CONTAINMENT": "watcher",
    "HOTSEAT_KEY_MODE": "env",
    "HOTSEAT_WORKER_MEMORY_LIMIT_MB": "0",
    "HOTSEAT_WORKER_PROCESS_LIMIT": "0",
}
# Far from being reached, so that each is counted and none refuses.
LIMITS = pb.KeyLimits(
    requests_per_minute=100_000, concurrent_turns=1000, concurrent_calls=1000, tokens_per_day=10**12, usd_per_day=10**6
)


class House:
    """What is asked, and for whom."""

    def __init__(self, http: OverHttp) -> None:
        self._http = http
        self._generation = 0
        self._names: Iterator[str] = cycle(())  # of conversations that are hot

    async def renew(self) -> None:
        """Go on with new conversations, which take the processes' places with processes of their own."""
        self._generation += 1
        self._names = cycle([f"bench-guards-{self._generation}-{number}" for number in range(PROCESSES)])
        for _ in range(PROCESSES * WARM_UP):
            await self.first_token_ms()

    async def first_token_ms(self) -> float:
        """Of a turn of the next conversation."""
        return await self._http.first_token(PROMPT, next(self._names)) * 1000


async def run(rounds: int) -> dict[str, list[float]]:
    """Milliseconds to the first token, by house."""
    taken: dict[str, list[float]] = {WITH: [], WITHOUT: []}
    async with AsyncExitStack() as stack:
        # Outermost: the servers use it until they have ended.
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotseat-bench-")))
        supervisor = await stack.enter_async_context(Supervisor(say))
        demo_url = await supervisor.start(launch.demo(environment(scratch)))
        houses = {
            name: await stack.enter_async_context(serving(supervisor, scratch / name, demo_url, guards))
            for name, guards in ((WITH, GUARDED), (WITHOUT, OPEN))
        }
        for number in range(rounds):
            if not number % ROUNDS_OF_PROCESSES:
                for house in houses.values():
                    await house.renew()
            say(f"round {number + 1} of {rounds}")
            names = list(houses) if number % 2 else list(reversed(houses))
            for name in names * (PROCESSES * ASKS):
                taken[name].append(await houses[name].first_token_ms())
    return taken


@asynccontextmanager
async def serving(supervisor: Supervisor, data: Path, demo_url: str, guards: dict[str, str]) -> AsyncIterator[House]:
    """A core and an edge with these guards; their conversations' processes are there once they were asked."""
    own = {"HOTSEAT_DATA_DIR": str(data), "HOTSEAT_WARM_WORKERS": "0", "POOL_SIZE": str(PROCESSES)}
    values = {**environment(data.parent), **own, **guards}
    core = await supervisor.start(launch.core(values, Upstream(Kind.DEMO), demo_url))
    edge_url = await supervisor.start(launch.edge(values, Upstream(Kind.DEMO), core))
    secret = await _key(core) if guards is GUARDED else ""
    async with OverHttp.connected(edge_url, secret) as http:
        yield House(http)


async def _key(core: str) -> str:
    """A key with every limit: from now on everybody needs one."""
    async with Client(core) as client:
        made = await client.create_key(pb.CreateKeyRequest(name="bench", tenant="bench", limits=LIMITS))
    return made.secret


def main() -> int:
    """Measure and print; with --check, 1 where the aim is missed."""
    parser = argparse.ArgumentParser(description="What all guards together cost a request.")
    parser.add_argument("--rounds", type=int, default=25, help="measurements of both houses (25)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit code 1 where the aim is missed")
    options = parser.parse_args()
    try:
        taken = asyncio.run(run(max(1, options.rounds)))
    except ServerFailed as error:
        say(str(error))
        return 1
    except asyncio.CancelledError:  # a signal: everything has been ended
        return 130
    told = guards_report.summarise(taken)
    print(json.dumps(dataclasses.asdict(told), indent=2) if options.json else guards_report.table(told))
    return 1 if options.check and not told.aim_holds else 0


if __name__ == "__main__":
    sys.exit(main())
