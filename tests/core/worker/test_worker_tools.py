"""Tools of the client's on a worker: its turn ends at the call, and nothing of the process waits for the answer."""

import asyncio
import json
from pathlib import Path
from typing import Any

from hotseat_core.events import Event, Outcome, TextDelta, ToolCalled
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import SessionSetup, TurnSetup
from hotseat_core.worker.tools import Tool
from hotseat_core.worker.translate import Ending, TurnReport
from hotseat_core.worker.worker import Worker

from tests.core.worker.conftest import OpenWorker
from tests.core.worker.turns import INTERRUPTED, Turn, recall, user

SETUP = SessionSetup(tools=(Tool("look", "It looks.", '{"properties":{"a":{}}}'), Tool("wait")))


def results(*texts: str, calls: tuple[ToolCalled, ...]) -> Row:
    blocks: list[dict[str, Any]] = [
        {"type": "tool_result", "tool_use_id": call.tool_use_id, "content": text}
        for call, text in zip(calls, texts, strict=True)
    ]
    return Row("user", tuple(blocks))


async def answered(worker: Worker, prompt: Row) -> TurnReport:
    events: list[Event] = []
    return await worker.ask(prompt, TurnSetup(), events.extend, stall_timeout_s=20)


async def test_the_cli_is_told_of_the_tools_before_the_first_turn(open_worker: OpenWorker, tmp_path: Path) -> None:
    async with open_worker() as worker:
        worker.bind(SETUP)
        await Turn(worker, "hello").report()
    sent = [json.loads(line) for line in (tmp_path / "journal").read_bytes().splitlines()]
    [said] = [frame["request"] for frame in sent if frame.get("request", {}).get("subtype") == "initialize"]
    assert said["sdkMcpServers"] == ["client"]
    told = said["sdkMcpServerManifests"]["client"]["toolsListResult"]["tools"]
    assert [(tool["name"], tool["description"], tool["inputSchema"]) for tool in told] == [
        ("look", "It looks.", {"type": "object", "properties": {"a": {}}}),
        ("wait", "", {"type": "object", "properties": {}}),
    ]


async def test_a_turn_ends_at_its_calls_and_goes_on_with_their_results(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SETUP)
        first = Turn(worker, "hello")
        kept = [first.prompt, *(await first.report()).rows]
        turn = Turn(worker, "call look wait")
        report = await turn.report()
        assert report.ending == Ending(Outcome.TOOL_CALLS)
        assert [(call.name, call.input_json) for call in report.calls] == [
            ("look", '{"a": "look"}'),
            ("wait", '{"a": "wait"}'),
        ]
        assert (report.usage.input_tokens, report.usage.output_tokens) == (5, 3)
        kept += [turn.prompt, *report.rows]
        await worker.align(kept)
        prompt = results("seen", "waited", calls=report.calls)
        after = await answered(worker, prompt)
        assert after.ending.outcome is Outcome.SUCCEEDED
        held = await recall(worker, [*kept, prompt, *after.rows])
        assert held.startswith(
            "u:hello | a:you said hello | u:call look wait | a:look | a:wait | u:seen | u:waited | a:"
        )


async def test_another_worker_goes_on_with_the_results_as_well(open_worker: OpenWorker) -> None:
    async with open_worker() as first:
        first.bind(SETUP)
        turn = Turn(first, "call look")
        report = await turn.report()
    kept = [turn.prompt, *report.rows]
    async with open_worker() as second:
        second.bind(SETUP)
        await second.align(kept)
        prompt = results("seen", calls=report.calls)
        after = await answered(second, prompt)
        assert "u:call look | a:look | u:seen" in await recall(second, [*kept, prompt, *after.rows])


async def test_a_turn_that_began_with_results_is_taken_back_to_the_prompt_before(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SETUP)
        turn = Turn(worker, "call look")
        report = await turn.report()
        kept = [turn.prompt, *report.rows]
        await worker.align(kept)
        prompt = Row("user", (*results("seen", calls=report.calls).content, *user("hang so far").content))
        events: list[Event] = []
        asking = asyncio.create_task(worker.ask(prompt, TurnSetup(), events.extend, stall_timeout_s=20))
        while not any(isinstance(event, TextDelta) for event in events):  # noqa: ASYNC110 - the sink has no event
            await asyncio.sleep(0.01)
        worker.cut(INTERRUPTED)
        await asking
        assert await recall(worker, kept) == "u:call look | a:look"
