"""Tools of the client's on a worker: its turn ends at the call, and nothing of the process waits for the answer."""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hotseat_core.errors import WorkerLost
from hotseat_core.events import Event, Outcome, TextDelta, ToolCalled
from hotseat_core.worker import aligning
from hotseat_core.worker.open_calls import Coming
from hotseat_core.worker.rows import Row
from hotseat_core.worker.running_turn import LOST
from hotseat_core.worker.setup import SessionSetup, TurnSetup
from hotseat_core.worker.tools import Tool
from hotseat_core.worker.translate import Ending, TurnReport
from hotseat_core.worker.worker import Worker

from tests.core.worker.conftest import OpenWorker
from tests.core.worker.turns import INTERRUPTED, Turn, recall, user

SETUP = SessionSetup(tools=(Tool("look", "It looks.", '{"properties":{"a":{}}}'), Tool("wait")))


def results(*texts: str, calls: tuple[ToolCalled, ...]) -> Row:
    blocks: list[dict[str, Any]] = [
        {"type": "tool_result", "tool_use_id": call.tool_use_id, "content": [{"type": "text", "text": text}]}
        for call, text in zip(calls, texts, strict=True)
    ]
    return Row("user", tuple(blocks))


async def called(worker: Worker, order: str) -> tuple[list[Row], TurnReport]:
    """Bind the worker, and let its first turn end at calls: what its session holds then, and how the turn ended."""
    worker.bind(SETUP)
    turn = Turn(worker, order)
    report = await turn.report()
    return [turn.prompt, *report.rows], report


async def answered(worker: Worker, rows: Sequence[Row], prompt: Row, setup: TurnSetup | None = None) -> TurnReport:
    setup, events = setup or TurnSetup(), list[Event]()
    await worker.align(rows, Coming(prompt, setup.effort))
    return await worker.ask(prompt, setup, events.extend, stall_timeout_s=20)


def rewinds(tmp_path: Path) -> int:
    return (tmp_path / "journal").read_bytes().count(b'"rewind_conversation"')


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


async def test_a_turn_ends_at_its_calls_and_the_cli_goes_on_with_their_results(
    open_worker: OpenWorker, tmp_path: Path
) -> None:
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
        after = await answered(worker, kept, prompt)
        assert (after.ending.outcome, after.text.strip()) == (Outcome.SUCCEEDED, "you said waited")
        assert rewinds(tmp_path) == 0
        held = await recall(worker, [*kept, prompt, *after.rows])
        assert held == (
            "u:hello | a:you said hello | u:call look wait | a:look | a:wait | u:seen | u:waited | a:you said waited"
        )


async def test_another_worker_goes_on_with_the_results_as_well(open_worker: OpenWorker) -> None:
    async with open_worker() as first:
        first.bind(SETUP)
        turn = Turn(first, "call look")
        report = await turn.report()
    kept = [turn.prompt, *report.rows]
    async with open_worker() as second:
        second.bind(SETUP)
        prompt = results("seen", calls=report.calls)
        after = await answered(second, kept, prompt)
        assert "u:call look | a:look | u:seen" in await recall(second, [*kept, prompt, *after.rows])


async def test_a_turn_that_began_with_results_is_taken_back_to_the_prompt_before(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        kept, report = await called(worker, "call look")
        prompt = Row("user", (*results("seen", calls=report.calls).content, *user("hang so far").content))
        events: list[Event] = []
        await worker.align(kept, Coming(prompt))
        asking = asyncio.create_task(worker.ask(prompt, TurnSetup(), events.extend, stall_timeout_s=20))
        while not any(isinstance(event, TextDelta) for event in events):  # noqa: ASYNC110 - the sink has no event
            await asyncio.sleep(0.01)
        worker.cut(INTERRUPTED)
        await asking
        assert await recall(worker, kept) == "u:call look | a:look"


async def test_a_loop_of_calls_is_one_turn_of_the_clis_and_all_of_it_can_be_undone(
    open_worker: OpenWorker, tmp_path: Path
) -> None:
    async with open_worker() as worker:
        kept, report = await called(worker, "call look")
        for order in ("call wait", "call look wait"):
            await worker.align(kept)
            prompt = results(*[order] * len(report.calls), calls=report.calls)
            report = await answered(worker, kept, prompt)
            assert report.ending == Ending(Outcome.TOOL_CALLS)
            kept += [prompt, *report.rows]
        assert rewinds(tmp_path) == 0
        assert await recall(worker, kept[:2]) == "u:call look | a:look"
        said = "u:call look | a:look | u:call wait | a:wait | u:call look wait | a:look | a:wait"
        assert await recall(worker, kept) == said
        assert rewinds(tmp_path) == 2


async def test_results_reach_the_model_in_the_clients_order(open_worker: OpenWorker, tmp_path: Path) -> None:
    async with open_worker() as worker:
        kept, report = await called(worker, "call look wait look")
        first, second, third = results("one", "two", "three", calls=report.calls).content
        prompt = Row("user", (third, first, second))
        after = await answered(worker, kept, prompt)
        assert after.text.strip() == "you said two"
        assert rewinds(tmp_path) == 0
        assert "u:three | u:one | u:two" in await recall(worker, [*kept, prompt, *after.rows])


LATER = {"type": "text", "text": "and a word"}


@pytest.mark.parametrize(
    ("change", "setup"),
    [
        ({"is_error": True}, TurnSetup()),
        (
            {"content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "eA=="}}]},
            None,
        ),
        ({"content": [{"type": "text", "text": "x" * 100_000}]}, None),
        ({"content": []}, None),
        ({}, TurnSetup(effort="high")),
        (LATER, None),
    ],
    ids=["an error", "a picture", "a long text", "nothing", "another effort", "with a word of the user's"],
)
async def test_what_the_cli_would_not_pass_on_to_the_letter_it_is_told_anew(
    open_worker: OpenWorker, tmp_path: Path, change: dict[str, Any], setup: TurnSetup | None
) -> None:
    async with open_worker() as worker:
        kept, report = await called(worker, "call look")
        await worker.align(kept)
        [block] = results("seen", calls=report.calls).content
        prompt = Row("user", (block, LATER) if change is LATER else (block | change,))
        after = await answered(worker, kept, prompt, setup)
        assert after.ending.outcome is Outcome.SUCCEEDED
        assert rewinds(tmp_path) == 1
        assert (await recall(worker, [*kept, prompt, *after.rows])).startswith("u:call look | a:look | u:")


async def test_a_tool_that_the_client_does_not_have_is_not_left_to_the_cli(
    open_worker: OpenWorker, tmp_path: Path
) -> None:
    async with open_worker() as worker:
        kept, _ = await called(worker, "call look invented")
        await worker.align(kept)
        assert rewinds(tmp_path) == 1


async def test_calls_are_not_left_open_where_more_of_them_may_come(open_worker: OpenWorker, tmp_path: Path) -> None:
    async with open_worker("unstreamed") as worker:
        kept, report = await called(worker, "call look")
        assert [call.name for call in report.calls] == ["look"]
        await worker.align(kept)
        assert rewinds(tmp_path) == 1


async def test_calls_that_nobody_answers_for_long_are_no_longer_open(
    open_worker: OpenWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aligning, "_OPEN_S", 0.01)
    async with open_worker() as worker:
        kept, report = await called(worker, "call look")
        await worker.align(kept)
        while rewinds(tmp_path) == 0:  # noqa: ASYNC110 - the journal has no event
            await asyncio.sleep(0.01)
        prompt = results("seen", calls=report.calls)
        after = await answered(worker, kept, prompt)
        assert after.ending.outcome is Outcome.SUCCEEDED
        assert rewinds(tmp_path) == 1


async def test_a_worker_whose_calls_are_open_ends_at_once(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        kept, _ = await called(worker, "call look")
        await worker.align(kept)


async def test_calls_that_the_cli_withdraws_are_not_left_to_it(open_worker: OpenWorker, tmp_path: Path) -> None:
    async with open_worker("impatient") as worker:
        kept, _ = await called(worker, "call look")
        with contextlib.suppress(WorkerLost):
            await worker.align(kept)
        # Undone where it withdrew them before they were open, ended where after that.
        while not (rewinds(tmp_path) or worker.ended.is_set()):  # noqa: ASYNC110 - the journal has no event
            await asyncio.sleep(0.01)


async def test_a_result_that_the_cli_changes_is_not_answered_on_it(open_worker: OpenWorker) -> None:
    async with open_worker("shortens") as worker:
        kept, report = await called(worker, "call look")
        events: list[Event] = []
        prompt = results("seen", calls=report.calls)
        await worker.align(kept, Coming(prompt))
        after = await worker.ask(prompt, TurnSetup(), events.extend, stall_timeout_s=20)
        assert after.ending == LOST
        assert events == []
        await asyncio.wait_for(worker.ended.wait(), 20)
