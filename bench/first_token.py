"""Time to the first token: the bare claude CLI beside Hotseat, in one run, against the same upstream.

    python bench/first_token.py [--rounds N] [--json] [--check]

Every round measures every way, follow-ups six times, in an order that rotates, on the same machine in the same
minutes: what disturbs one way disturbs the others. Ratios and differences are of medians. See bench/README.md.
"""

import argparse
import asyncio
import dataclasses
import json
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from hotseat import Client
from hotseat_bench import report
from hotseat_bench.bare_cli import BareClis
from hotseat_bench.clients import OverHttp, first_token_on, new_conversation, opening, until_spare
from hotseat_bench.machine import core_spec, environment, say, until_quiet
from hotseat_bench.report import BARE_COLD, BARE_NEXT, GRPC_COLD, GRPC_NEXT, HTTP_NEW, HTTP_NEXT
from hotseat_cli import installed, launch
from hotseat_cli.supervisor import ServerFailed, Supervisor
from hotseat_cli.upstream import Kind, Upstream

PROMPT = "[[say one two three four five]]"
WARM_UP = 3
PROCESSES = 3  # a way: processes of the same CLI differ from each other by some milliseconds, for as long as they live
NEXT_TURNS = 6  # follow-ups are cheap and close to each other: many a round
Measure = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Ways:
    """What is measured, and how to wait until the machine is at rest before it."""

    measures: dict[str, Measure]
    at_rest: Callable[[], Awaitable[None]]


async def run(rounds: int) -> dict[str, list[float]]:
    """Milliseconds by way: one of each per round, of follow-ups several."""
    taken: dict[str, list[float]] = {}
    async with AsyncExitStack() as stack:
        # Outermost: the servers use it until they have ended.
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotseat-bench-")))
        supervisor = await stack.enter_async_context(Supervisor(say))
        way = await stack.enter_async_context(ways(supervisor, scratch))
        names = list(way.measures)
        taken = {name: [] for name in names}
        follow_ups = [BARE_NEXT, HTTP_NEXT, GRPC_NEXT]
        order = follow_ups * NEXT_TURNS + [name for name in names if name not in follow_ups]
        for number in range(WARM_UP + rounds):
            say(f"round {number - WARM_UP + 1} of {rounds}" if number >= WARM_UP else "warming up")
            turn = number % len(order)
            for name in order[turn:] + order[:turn]:
                await way.at_rest()
                seconds = await way.measures[name]()
                if number >= WARM_UP:
                    taken[name].append(seconds * 1000)
    return taken


@asynccontextmanager
async def ways(supervisor: Supervisor, scratch: Path) -> AsyncIterator[Ways]:
    """Everything started and bound that the measures need; all of it is ended afterwards."""
    async with AsyncExitStack() as stack:
        values = environment(scratch)
        demo_url = await supervisor.start(launch.demo(values))
        core = await supervisor.start(core_spec(values, demo_url, scratch / "warm", warm_workers=1))
        spareless = await supervisor.start(core_spec(values, demo_url, scratch / "cold", warm_workers=0))
        edge_url = await supervisor.start(launch.edge(values, Upstream(Kind.DEMO), core))
        client = await stack.enter_async_context(Client(core))
        cold_client = await stack.enter_async_context(Client(spareless))
        clis = BareClis(values.get("CLAUDE_CLI_PATH", "") or installed.bundled_cli(), demo_url, scratch)
        bare = [await stack.enter_async_context(clis.start()) for _ in range(PROCESSES)]
        for cli in bare:
            cli.initialize()
        talks = [
            await stack.enter_async_context(client.converse(opening(f"bench-grpc-{number}")))
            for number in range(PROCESSES)
        ]
        next_cli, next_talk, next_number = cycle(bare), cycle(talks), cycle(range(PROCESSES))
        http = await stack.enter_async_context(OverHttp.connected(edge_url))

        async def http_new() -> float:
            conversation_id = f"bench-{uuid.uuid4()}"
            seconds = await http.first_token(PROMPT, conversation_id)
            await client.evict_conversation(conversation_id, force=True)
            return seconds

        async def at_rest() -> None:
            await until_spare(client)
            await until_quiet()

        yield Ways(
            {
                BARE_NEXT: lambda: next(next_cli).first_token(PROMPT),
                HTTP_NEXT: lambda: http.first_token(PROMPT, f"bench-http-{next(next_number)}"),
                GRPC_NEXT: lambda: first_token_on(next(next_talk), PROMPT),
                BARE_COLD: lambda: clis.cold(PROMPT),
                HTTP_NEW: http_new,
                GRPC_COLD: lambda: new_conversation(cold_client, PROMPT),
            },
            at_rest,
        )


def main() -> int:
    """Measure and print; with --check, 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description="Time to the first token: the bare CLI beside Hotseat.")
    parser.add_argument("--rounds", type=int, default=15, help="measurements of each way (15)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit code 1 where an aim is missed")
    options = parser.parse_args()
    try:
        taken = asyncio.run(run(max(1, options.rounds)))
    except ServerFailed as error:
        say(str(error))
        return 1
    except asyncio.CancelledError:  # a signal: everything has been ended
        return 130
    told = report.summarise(taken)
    print(json.dumps(dataclasses.asdict(told), indent=2) if options.json else report.table(told))
    return 1 if options.check and not all(told.aims.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
