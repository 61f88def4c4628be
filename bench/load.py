"""A pool under load: bursts, hot follow-ups at once, many idle conversations, and what it uses when nobody asks.

    python bench/load.py [--rounds N] [--idle-minutes N] [--json] [--check]

One house, over HTTP, the real CLI, against the scripted model. See bench/README.md.
"""

import argparse
import asyncio
import dataclasses
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from hotseat import Client
from hotseat_bench.census import Census, server_pid
from hotseat_bench.clients import MODEL
from hotseat_bench.idleness import Minute, line, minutes
from hotseat_bench.machine import core_spec, environment, say, until_quiet
from hotseat_cli import launch
from hotseat_cli.supervisor import ServerFailed, Supervisor
from hotseat_cli.upstream import Kind, Upstream

POOL_SIZE, AT_ONCE, HOT, TIMES, MANY = 4, 20, 8, 3, 49
_TURN_S = 120.0
_IDLE_SHARE = 0.01
# Of another server of this kind, in the same scene on a machine like ours.
PEER_FIRST_TOKEN_S, PEER_RATE = 0.281, 4.5


@dataclass(frozen=True, slots=True)
class Report:
    """Seconds, counts, shares of one core."""

    asked: int
    answered: int
    failures: list[str]
    burst_s: float
    most_workers: int
    samples: int
    hot_first_token_s: float
    hot_rate: float  # completions a second
    workers_left: int  # with many idle conversations
    idle: list[Minute]  # from when the last of them was answered
    aims: dict[str, bool]


class House:
    """An edge before a core, and who asks them."""

    def __init__(self, url: str, http: aiohttp.ClientSession, client: Client) -> None:
        self._url = f"{url}/v1/chat/completions"
        self._http = http
        self.client = client

    async def ask(self, text: str, conversation_id: str = "") -> float:
        """Seconds to the first content of a whole answer. Raises RuntimeError."""
        headers = {"X-Conversation-ID": conversation_id} if conversation_id else {}
        body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": f"[[say {text}]]"}]}
        begun, first, said = time.perf_counter(), 0.0, ""
        async with self._http.post(self._url, json=body, headers=headers) as response:
            async for line in response.content:
                data = line.removeprefix(b"data: ").strip()
                if not data.startswith(b"{"):
                    continue
                chunk = json.loads(data)
                if "error" in chunk:
                    raise RuntimeError(chunk["error"]["message"])
                for choice in chunk["choices"]:
                    said += choice["delta"].get("content") or ""
                    first = first or (time.perf_counter() - begun if said else 0.0)
        if said != text:
            raise RuntimeError(f"{response.status}: {said!r} instead of {text!r}")
        return first


async def burst(house: House, rounds: int) -> tuple[float, list[str]]:
    """Ask so many at once, so often: the seconds of all, and what failed."""
    begun, failures = time.perf_counter(), list[str]()
    for number in range(rounds):
        asked = [house.ask(f"round {number} request {request}") for request in range(AT_ONCE)]
        failures += [str(found) for found in await asyncio.gather(*asked, return_exceptions=True) if _is_bad(found)]
        if (number + 1) % 10 == 0:
            say(f"{number + 1} of {rounds} bursts")
    return time.perf_counter() - begun, failures


def _is_bad(found: float | BaseException) -> bool:
    return isinstance(found, BaseException)


async def hot(house: House) -> tuple[float, float]:
    """Follow up in hot conversations, all at once: median seconds to the first token, and completions a second."""
    await house.client.resize_pool(max_workers=HOT, warm_workers=0)
    names = [f"hot-{number}" for number in range(HOT)]
    for name in names:
        await house.ask("hello", name)
    await until_quiet()
    begun, firsts = time.perf_counter(), list[float]()
    for time_ in range(TIMES):
        firsts += await asyncio.gather(*(house.ask(f"again {time_}", name) for name in names))
    return statistics.median(firsts), len(firsts) / (time.perf_counter() - begun)


async def many(house: House) -> int:
    """Leave so many conversations idle: how many workers are there then."""
    await house.client.resize_pool(max_workers=POOL_SIZE, warm_workers=1)
    for number in range(MANY):
        await house.ask("hello", f"idle-{number}")
    await until_quiet()
    return len((await house.client.list_workers()).workers)


async def run(rounds: int, idle_minutes: int) -> Report:
    """All of it."""
    async with _house() as house:
        await house.ask("warm")
        with Census(server_pid("hotseat_core")).counting() as census:
            burst_s, failures = await burst(house, rounds)
        say("many idle conversations")
        workers_left = await many(house)
        say("an idle pool")
        await until_quiet()
        idle = await minutes(idle_minutes)
        say("hot conversations")
        first_s, rate = await hot(house)
    asked = rounds * AT_ONCE
    return Report(
        asked=asked,
        answered=asked - len(failures),
        failures=failures[:10],
        burst_s=round(burst_s, 1),
        most_workers=census.most,
        samples=census.samples,
        hot_first_token_s=round(first_s, 4),
        hot_rate=round(rate, 1),
        workers_left=workers_left,
        idle=idle,
        aims={
            f"all of {AT_ONCE} at once, {rounds} times, are answered": not failures,
            f"never more than {POOL_SIZE} workers": census.most <= POOL_SIZE,
            f"{HOT} hot follow-ups at once: first token within {PEER_FIRST_TOKEN_S * 1000:.0f} ms": (
                first_s < PEER_FIRST_TOKEN_S
            ),
            f"{HOT} hot follow-ups at once: more than {PEER_RATE} a second": rate > PEER_RATE,
            f"{MANY} idle conversations leave at most {POOL_SIZE} workers": workers_left <= POOL_SIZE,
            "an idle pool takes less than 1 % of a core, in the first minute": idle[0].share < _IDLE_SHARE,
            "and in each minute after that": all(minute.share < _IDLE_SHARE for minute in idle[1:]),
        },
    )


@asynccontextmanager
async def _house() -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        # Outermost: the servers use it until they have ended.
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotseat-load-")))
        supervisor = await stack.enter_async_context(Supervisor(say))
        values = {**environment(scratch), "POOL_SIZE": str(POOL_SIZE)}
        demo_url = await supervisor.start(launch.demo(values))
        core = await supervisor.start(core_spec(values, demo_url, scratch / "core", warm_workers=1))
        edge = await supervisor.start(launch.edge(values, Upstream(Kind.DEMO), core))
        client = await stack.enter_async_context(Client(core))
        limits = aiohttp.ClientTimeout(total=_TURN_S)
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=limits))
        yield House(edge, http, client)


def table(report: Report) -> str:
    """The report for people."""
    lines = [
        (
            f"{report.answered} of {report.asked} answered, {AT_ONCE} at a time, in {report.burst_s} s"
            f" ({report.answered / report.burst_s:.1f} a second)"
        ),
        f"{report.most_workers} workers at most, counted {report.samples} times",
        (
            f"{HOT} hot follow-ups at once, {TIMES} times: first token after {report.hot_first_token_s * 1000:.0f} ms"
            f" (median), {report.hot_rate} completions a second"
        ),
        f"{report.workers_left} workers with {MANY} idle conversations",
        *(line(number, minute) for number, minute in enumerate(report.idle, start=1)),
        *report.failures,
        "",
    ]
    return "\n".join(lines + [f"{'holds' if holds else 'MISSED':<7} {aim}" for aim, holds in report.aims.items()])


def main() -> int:
    """Measure and print; with --check, 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description="A pool under load.")
    parser.add_argument("--rounds", type=int, default=50, help=f"bursts of {AT_ONCE} requests (50)")
    parser.add_argument("--idle-minutes", type=int, default=2, help="how long to look at the idle pool (2)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit code 1 where an aim is missed")
    options = parser.parse_args()
    try:
        report = asyncio.run(run(max(1, options.rounds), max(1, options.idle_minutes)))
    except ServerFailed as error:
        say(str(error))
        return 1
    except asyncio.CancelledError:  # a signal: everything has been ended
        return 130
    print(json.dumps(dataclasses.asdict(report), indent=2) if options.json else table(report))
    return 1 if options.check and not all(report.aims.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
