"""Time to the first token behind 1, 10, 50 and 200 turns of history, in every way to get a process to hold it.

    python bench/history.py [--rounds N] [--json] [--check]

The ways that there are, forced, beside what Hotseat chooses, in one run, against the same upstream. Every round
measures every way at every length; ratios are of medians. See bench/README.md.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from hotseat import Client, pb
from hotseat_bench import history_report as report
from hotseat_bench.bare_cli import BareClis
from hotseat_bench.clients import first_token_on, opening, until_spare
from hotseat_bench.history_report import (
    AGAIN,
    BARE_RESUME,
    BY_FILE,
    BY_REWIND,
    NEXT,
    ON_HOT,
    ON_NEW,
    ON_SPARE,
    TURNS,
    WITH_SPARE,
    WITHOUT,
)
from hotseat_bench.machine import core_spec, environment, say, until_quiet
from hotseat_bench.workers import Workers, first_text_of, text_row
from hotseat_cli import installed, launch
from hotseat_cli.supervisor import ServerFailed, Supervisor
from hotseat_core.worker.containment import Choice, contained
from hotseat_core.worker.opening import Opening, opening_of

ANSWER = "one two three four five"
PROMPT = f"[[say {ANSWER}]]"
USER, MODEL_SAID = pb.HistoryMessage.ROLE_USER, pb.HistoryMessage.ROLE_ASSISTANT
Said = list[tuple[str, str]]  # role and text
Note = Callable[[str, float], None]  # a way and its seconds


def history(turns: int) -> Said:
    """A talk that nobody else has had: what is measured must not find it in the journal."""
    tag = uuid.uuid4().hex[:8]
    return [said for number in range(turns) for said in (("user", f"{tag} {number}?"), ("assistant", f"{number}."))]


class Bench:
    """Everything that is started."""

    def __init__(self, workers: Workers, clis: BareClis, client: Client, spareless: Client) -> None:
        self._workers = workers
        self._clis = clis
        self._client = client
        self._spareless = spareless

    async def at_rest(self) -> None:
        """Return when nothing moves."""
        await until_spare(self._client)
        await until_quiet()

    async def measure(self, turns: int, note: Note) -> None:
        """Every way once."""
        await self._forced(turns, note)
        await self._chosen(turns, note)

    async def _forced(self, turns: int, note: Note) -> None:
        rows = [text_row(*said) for said in history(turns)]
        await self.at_rest()
        note(BARE_RESUME, await self._clis.cold(PROMPT, Opening(uuid.uuid4().hex, tuple(rows))))
        await self.at_rest()
        note(ON_NEW, await self._workers.cold(rows, PROMPT))
        if (begin := opening_of(rows)) is not None:
            await self.at_rest()
            note(BY_FILE, await self._workers.cold(rows, PROMPT, begin))
        async with self._workers.parked() as worker:
            await self.at_rest()
            note(ON_SPARE, await self._workers.told(worker, rows, PROMPT))
            await self.at_rest()
            note(ON_HOT, await first_text_of(worker, PROMPT))
            rows += [text_row("user", PROMPT), text_row("assistant", ANSWER)]
            await self.at_rest()
            note(BY_REWIND, await self._workers.told(worker, rows, PROMPT))

    async def _chosen(self, turns: int, note: Note) -> None:
        said = history(turns)
        await self.at_rest()
        note(WITH_SPARE, await self._ask(self._client, said))
        said += [("user", PROMPT), ("assistant", ANSWER)]
        await self.at_rest()
        note(NEXT, await self._ask(self._client, said))
        await self.at_rest()
        note(AGAIN, await self._ask(self._client, said))
        await self._clear(self._client)
        await self.at_rest()
        note(WITHOUT, await self._ask(self._spareless, history(turns)))
        await self._clear(self._spareless)

    async def _ask(self, client: Client, said: Said) -> float:
        """Seconds from opening a stream with a history and no id to the first text."""
        request = opening("")
        for role, text in said:
            whose = USER if role == "user" else MODEL_SAID
            request.history.append(pb.HistoryMessage(role=whose, content=[pb.HistoryBlock(text=text)]))
        begun = time.perf_counter()
        async with client.converse(request) as talk:
            opened = time.perf_counter() - begun
            return opened + await first_token_on(talk, PROMPT)

    async def _clear(self, client: Client) -> None:
        for worker in (await client.list_workers()).workers:
            if worker.conversation_id:
                await client.evict_conversation(worker.conversation_id, force=True)


@asynccontextmanager
async def started(supervisor: Supervisor, scratch: Path) -> AsyncIterator[Bench]:
    """The bench, ended on the way out."""
    async with AsyncExitStack() as stack:
        values = environment(scratch)
        demo_url = await supervisor.start(launch.demo(values))
        core = await supervisor.start(core_spec(values, demo_url, scratch / "warm", warm_workers=1))
        spareless = await supervisor.start(core_spec(values, demo_url, scratch / "cold", warm_workers=0))
        client = await stack.enter_async_context(Client(core))
        cold_client = await stack.enter_async_context(Client(spareless))
        cli_path = values.get("CLAUDE_CLI_PATH", "") or str(installed.bundled_cli())
        containment = await stack.enter_async_context(contained(Choice.AUTO, os.environ.get("PATH", "")))
        yield Bench(
            Workers(cli_path, demo_url, scratch, containment),
            BareClis(cli_path, demo_url, scratch),
            client,
            cold_client,
        )


async def run(rounds: int) -> dict[str, dict[int, list[float]]]:
    """Milliseconds by way and number of turns: one a round."""
    taken: dict[str, dict[int, list[float]]] = {}
    async with AsyncExitStack() as stack:
        # Outermost: the servers use it until they have ended.
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotseat-bench-")))
        supervisor = await stack.enter_async_context(Supervisor(say))
        bench = await stack.enter_async_context(started(supervisor, scratch))
        for number in range(rounds + 1):
            say(f"round {number} of {rounds}" if number else "warming up")
            for turns in TURNS if number else TURNS[:2]:
                await bench.measure(turns, _noting(taken, turns) if number else _forget)
    return taken


def _noting(taken: dict[str, dict[int, list[float]]], turns: int) -> Note:
    return lambda way, seconds: taken.setdefault(way, {}).setdefault(turns, []).append(seconds * 1000)


def _forget(way: str, seconds: float) -> None:
    """A measurement while everything warms up."""


def main() -> int:
    """Measure and print; with --check, 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description="Time to the first token behind a history: every way beside Hotseat.")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each way and length (5)")
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
