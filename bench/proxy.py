"""What the credential proxy costs: straight to a provider, through the core's proxy, and through one made with aiohttp.

    python bench/proxy.py [--rounds N] [--json] [--check]

Every round measures every way in turn, against the same provider, on the same machine. See bench/README.md.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hotseat_serving.process import new_event_loop

STRAIGHT, OURS, AIOHTTP = "straight", "hotseat", "aiohttp"
BODY = 50_000  # bytes of a request, as Claude Code's first one has
MOST_ADDED_MS = 0.3
ASKS = 20  # in a round, of each way
_START_S = 30.0
BULK, PACED, STREAMS, PAUSE_MS = 200_000, 100, 16, 12


@dataclass(frozen=True, slots=True)
class Server:
    """A process of the bench, and what it said."""

    pid: int
    words: list[str]

    def cpu_s(self) -> float:
        """What it has used so far, to the nanosecond."""
        return int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[0]) / 1e9


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach the provider."""

    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    socket: str  # empty: it is TCP
    port: int
    token: str
    server: Server


@asynccontextmanager
async def serving(*words: str) -> AsyncIterator[Server]:
    """A server of hotseat_bench.passing."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotseat_bench.passing", *words),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_S):
            said = await process.stdout.readline()
        yield Server(process.pid, said.decode().split())
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


async def connect(socket: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to a way."""
    if socket:
        return await asyncio.open_unix_connection(socket, limit=1 << 22)
    return await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)


async def ask(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], token: str, count: int, pause_ms: int = 0
) -> tuple[float, float]:
    """Seconds to the answer's head, and to its end."""
    reader, writer = connection
    body = f"{count} {pause_ms} ".encode().ljust(BODY)
    begun = time.perf_counter()
    writer.write(
        f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {token}\r\ncontent-length: {BODY}\r\n\r\n".encode() + body
    )
    head = await reader.readuntil(b"\r\n\r\n")
    first = time.perf_counter() - begun
    assert head.startswith(b"HTTP/1.1 200"), head
    while (size := int(await reader.readline(), 16)) > 0:
        await reader.readexactly(size + 2)
    await reader.readexactly(2)
    return first, time.perf_counter() - begun


async def run(rounds: int) -> dict[str, dict[str, float]]:
    """By way: milliseconds to the first byte, and its server's CPU in microseconds a piece, in bulk and paced."""
    async with AsyncExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="hotseat-bench-"))
        provider = await stack.enter_async_context(serving("provider"))
        (url,) = provider.words
        port = int(url.rpartition(":")[2])
        ours = await stack.enter_async_context(serving("ours", url, scratch))
        other = await stack.enter_async_context(serving("aiohttp", url))
        ways = {
            STRAIGHT: Way(await connect("", port), "", port, "unused", provider),
            OURS: Way(await connect(ours.words[0], 0), ours.words[0], 0, ours.words[1], ours),
            AIOHTTP: Way(await connect(other.words[0], 0), other.words[0], 0, other.words[1], other),
        }
        first: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds + 1):
            for _ in range(ASKS):
                for name, way in ways.items():
                    seconds, _ = await ask(way.connection, way.token, 1)
                    if number:
                        first[name].append(seconds * 1000)
        found = {name: {"first_byte_ms": statistics.median(times)} for name, times in first.items()}
        for name, way in ways.items():
            found[name]["bulk_cpu_us"] = await cpu_us(way, BULK, 1, 0)
            found[name]["paced_cpu_us"] = await cpu_us(way, PACED, STREAMS, PAUSE_MS)
        return found


async def cpu_us(way: Way, count: int, streams: int, pause_ms: int) -> float:
    """CPU of the way's server for each piece, with so many streams at once."""
    connections = [await connect(way.socket, way.port) for _ in range(streams)]
    before = way.server.cpu_s()
    await asyncio.gather(*(ask(connection, way.token, count, pause_ms) for connection in connections))
    spent = way.server.cpu_s() - before
    for _, writer in connections:
        writer.close()
    return spent / (count * streams) * 1e6


def main() -> int:
    """Measure and print; with --check, 1 where the aim is missed."""
    parser = argparse.ArgumentParser(description="What the credential proxy costs.")
    parser.add_argument("--rounds", type=int, default=20, help="of 20 requests a way each (20)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit code 1 where the aim is missed")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        found = runner.run(run(max(1, options.rounds)))
    added = {name: row["first_byte_ms"] - found[STRAIGHT]["first_byte_ms"] for name, row in found.items()}
    holds = added[OURS] <= MOST_ADDED_MS
    if options.json:
        print(json.dumps({"ways": found, "added_ms": added, "holds": holds}, indent=2))
    else:
        print(table(found, added, holds=holds))
    return 1 if options.check and not holds else 0


def table(found: dict[str, dict[str, float]], added: dict[str, float], *, holds: bool) -> str:
    """The result for people."""
    lines = [f"{'way':<10} {'first byte':>11} {'added':>9} {'CPU a piece, bulk':>18} {'paced':>9}"]
    for name, row in found.items():
        lines.append(
            f"{name:<10} {row['first_byte_ms']:>8.3f} ms {added[name]:>6.3f} ms "
            f"{row['bulk_cpu_us']:>15.2f} us {row['paced_cpu_us']:>6.1f} us"
        )
    word = "holds" if holds else "MISSED"
    return "\n".join([*lines, "", f"{word}  the proxy adds at most {MOST_ADDED_MS} ms to the first byte"])


if __name__ == "__main__":
    sys.exit(main())
