"""Many open conversations on few processes: what they take of memory, and that any of them answers.

    python bench/memory.py [--conversations N] [--pool-size N] [--json] [--check]

Each conversation begins with a history and has two turns, over HTTP or gRPC in turn; afterwards some are chosen at
random, asked, and what the model heard is compared with what was said. See bench/README.md.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from hotseat import Client, pb
from hotseat_bench.resident import Resident, resident
from hotseat_cli import launch
from hotseat_cli.settings import load
from hotseat_cli.supervisor import ServerFailed, Supervisor
from hotseat_cli.upstream import Kind, Upstream, without_credentials
from hotseat_demo.server import DemoModel

MODEL = "claude"
TURN_S = 120.0
MOST_BYTES = 2 * 10**9

Said = tuple[str, str]  # role, text


@dataclass(frozen=True, slots=True)
class Report:
    """Bytes and seconds."""

    conversations: int
    pool_size: int
    turns: int
    opening_s: float  # all of them
    first: Resident  # with a tenth of them open
    last: Resident  # with all of them
    core_bytes_per_conversation: int
    asked_again: int
    median_answer_s: float
    slowest_answer_s: float
    wrong: list[str]
    aims: dict[str, bool]


class House:
    """A core and an edge, and what is said in their conversations."""

    def __init__(self, demo: DemoModel, edge: str, client: Client, http: aiohttp.ClientSession) -> None:
        self._demo = demo
        self._edge = edge
        self._client = client
        self._http = http
        self.said: dict[str, list[Said]] = {}

    async def open(self, number: int) -> None:
        """Begin a conversation and have two turns in it."""
        name = f"memory-{number}"
        self.said[name] = [
            ("user", f"question {number}, which is long enough to be one"),
            ("assistant", f"answer {number}, at the length of an answer: " + "so it is, and so on. " * 20),
        ]
        over = self._over_http if number % 2 else self._over_grpc
        await over(name, f"[[say first {number}]]", with_history=True)
        await over(name, f"[[say second {number}]]", with_history=False)

    async def ask_again(self, name: str) -> tuple[float, str]:
        """Seconds to an answer, and what is wrong with it; empty: nothing."""
        prompt = f"[[say again in {name}]]"
        expected = [*self.said[name], ("user", prompt)]
        begun = time.perf_counter()
        await self._over_http(name, prompt, with_history=False)
        seconds = time.perf_counter() - begun
        heard = [one.messages for one in self._demo.main_requests if _said(one.messages)[-1:] == expected[-1:]]
        if len(heard) != 1 or _said(heard[0]) != expected:
            return seconds, f"{name}: {len(heard)} requests, {[_said(one) for one in heard]} instead of {expected}"
        return seconds, ""

    async def _over_http(self, name: str, prompt: str, *, with_history: bool) -> None:
        history = self.said[name] if with_history else []
        messages = [{"role": role, "content": text} for role, text in [*history, ("user", prompt)]]
        url, headers = f"{self._edge}/v1/chat/completions", {"X-Conversation-ID": name}
        async with self._http.post(url, json={"model": MODEL, "messages": messages}, headers=headers) as response:
            body = await response.json()
        if response.status != 200:
            raise RuntimeError(f"the edge answered {response.status}: {body}")
        self.said[name] += [("user", prompt), ("assistant", body["choices"][0]["message"]["content"])]

    async def _over_grpc(self, name: str, prompt: str, *, with_history: bool) -> None:
        roles = {"user": pb.HistoryMessage.ROLE_USER, "assistant": pb.HistoryMessage.ROLE_ASSISTANT}
        history = [
            pb.HistoryMessage(role=roles[role], content=[pb.HistoryBlock(text=text)])
            for role, text in (self.said[name] if with_history else [])
        ]
        opening = pb.OpenConversation(
            conversation_id=name, settings=pb.ConversationSettings(profile=MODEL), history=history
        )
        async with self._client.converse(opening) as talk:
            async for event in talk.ask(prompt):
                if event.HasField("turn_completed"):
                    completed = event.turn_completed
        if completed.outcome != pb.TurnCompleted.OUTCOME_SUCCEEDED:
            raise RuntimeError(f"the turn failed: {completed.error.message}")
        self.said[name] += [("user", prompt), ("assistant", completed.text)]


async def run(count: int, pool_size: int, sample: int, seed: int) -> Report:
    """Open them all, and ask some of them again."""
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(_house(pool_size))
        begun, few = time.perf_counter(), max(1, count // 10)
        await _open(house, range(few), pool_size)
        first = await asyncio.to_thread(resident)
        await _open(house, range(few, count), pool_size)
        opening_s = time.perf_counter() - begun
        last = await asyncio.to_thread(resident)
        chosen = random.Random(seed).sample(sorted(house.said), min(sample, count))
        answers = [await house.ask_again(name) for name in chosen]
    wrong = [problem for _, problem in answers if problem]
    grown = (last.core - first.core) // max(1, count - few)
    return Report(
        conversations=count,
        pool_size=pool_size,
        turns=2 * count,
        opening_s=round(opening_s, 1),
        first=first,
        last=last,
        core_bytes_per_conversation=grown,
        asked_again=len(answers),
        median_answer_s=round(statistics.median(seconds for seconds, _ in answers), 3),
        slowest_answer_s=round(max(seconds for seconds, _ in answers), 3),
        wrong=wrong,
        aims={
            f"all of it holds less than {MOST_BYTES / 1e9:.0f} GB": last.total < MOST_BYTES,
            "every conversation that was asked answers with its own history": not wrong,
        },
    )


async def _open(house: House, numbers: range, at_once: int) -> None:
    left = iter(numbers)

    async def open_some() -> None:
        for number in left:
            await house.open(number)
            if (number + 1) % 50 == 0:
                _say(f"{number + 1} conversations are open")

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(open_some())


@asynccontextmanager
async def _house(pool_size: int) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotseat-memory-")))
        demo = await stack.enter_async_context(DemoModel())
        supervisor = await stack.enter_async_context(Supervisor(_say))
        values = {
            **without_credentials(load({}, scratch).values),
            "PATH": os.environ.get("PATH", os.defpath),
            "HOTSEAT_CONFIG": os.devnull,
            "PORT": "0",
            "HOTSEAT_CORE_PORT": "0",
            "HOTSEAT_LOG_LEVEL": "warning",
            "HOTSEAT_PROFILE": MODEL,
            "HOTSEAT_DATA_DIR": str(scratch / "data"),
            "POOL_SIZE": str(pool_size),
            "HOTSEAT_QUEUE_TIMEOUT_MS": str(int(TURN_S * 1000)),
        }
        core = await supervisor.start(launch.core(values, Upstream(Kind.DEMO), demo.url))
        edge = await supervisor.start(launch.edge(values, Upstream(Kind.DEMO), core))
        client = await stack.enter_async_context(Client(core))
        timeout = aiohttp.ClientTimeout(total=TURN_S)
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        yield House(demo, edge, client, http)


def _said(messages: list[dict[str, Any]]) -> list[Said]:
    return [(message["role"], _text(message["content"])) for message in messages if message["role"] != "system"]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    texts = [block["text"] for block in content if block["type"] == "text"]
    return "\n".join(text for text in texts if not text.startswith("<system-reminder>"))


def table(report: Report) -> str:
    """The report for people."""
    first, last, millions = report.first, report.last, 1e6
    opened = (
        f"{report.conversations} conversations with {report.turns} turns, {report.pool_size} processes,"
        f" {report.opening_s:.0f} s"
    )
    again = (
        f"asked again: {report.asked_again}, in {report.median_answer_s * 1000:.0f} ms (median),"
        f" {report.slowest_answer_s * 1000:.0f} ms at most"
    )
    lines = [
        opened,
        f"{'memory in MB (PSS)':<28}{'a tenth':>9}{'all':>9}",
        f"{'core':<28}{first.core / millions:>9.0f}{last.core / millions:>9.0f}",
        f"{'edge':<28}{first.edge / millions:>9.0f}{last.edge / millions:>9.0f}",
        f"{'claude processes':<28}{first.workers / millions:>9.0f}{last.workers / millions:>9.0f}",
        f"{'in all':<28}{first.total / millions:>9.0f}{last.total / millions:>9.0f}",
        f"{report.core_bytes_per_conversation / 1000:.1f} kB in the core for each conversation",
        again,
        *report.wrong,
        "",
    ]
    lines += [f"{'holds' if holds else 'MISSED':<7} {aim}" for aim, holds in report.aims.items()]
    return "\n".join(lines)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Measure and print; with --check, 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description="What many open conversations take of memory.")
    parser.add_argument("--conversations", type=int, default=1000, help="how many (1000)")
    parser.add_argument("--pool-size", type=int, default=4, help="processes (4)")
    parser.add_argument("--ask", type=int, default=30, help="how many to ask again afterwards (30)")
    parser.add_argument("--seed", type=int, default=1, help="of their choice")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit code 1 where an aim is missed")
    options = parser.parse_args()
    try:
        report = asyncio.run(run(max(1, options.conversations), options.pool_size, options.ask, options.seed))
    except ServerFailed as error:
        _say(str(error))
        return 1
    except asyncio.CancelledError:  # a signal: everything has been ended
        return 130
    print(json.dumps(dataclasses.asdict(report), indent=2) if options.json else table(report))
    return 1 if options.check and not all(report.aims.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
