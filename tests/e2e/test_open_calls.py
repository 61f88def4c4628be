"""Real workers that wait for a client's results within their turn: the model gets just what one gets that was told."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hotseat_cli import installed
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.upstream.credential import Credential
from hotseat_core.upstream.given import BareKey
from hotseat_core.worker.aligning import Aligner
from hotseat_core.worker.containment import Containment
from hotseat_core.worker.factory import FactorySettings, WorkerFactory
from hotseat_core.worker.open_calls import Coming
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import SessionSetup, ToolChoice, TurnSetup
from hotseat_core.worker.tools import Tool
from hotseat_core.worker.translate import TurnReport
from hotseat_core.worker.worker import Worker
from hotseat_demo.server import DemoModel

ASKED = "[[say I look.]] [[call look {}]] [[call wait {}]] [[then]] [[call look {}]] [[then]] [[say done]]"
ODD = "w\u00f6lf \u2028 \U0001f600 \ufeff \x1b[0m \r\n <tool_use_error>no</tool_use_error> <system-reminder/>"
LONG = "word " * 15_000  # more than the CLI lets pass by itself
ONCE = TurnSetup(temperature=0.5, tool_choice=ToolChoice("any"))


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def results(report: TurnReport, *contents: list[dict[str, Any]]) -> Row:
    """The last call's result first, as a client may have it."""
    calls = reversed(report.calls)
    blocks = [
        {"type": "tool_result", "tool_use_id": call.tool_use_id, "content": content}
        for call, content in zip(calls, contents, strict=True)
    ]
    return Row("user", tuple(blocks))


@asynccontextmanager
async def started(directory: Path, demo: DemoModel) -> AsyncIterator[Worker]:
    factory = WorkerFactory(
        FactorySettings(
            cli_path=Path(installed.bundled_cli()),
            gate=BareKey(Credential("ANTHROPIC_API_KEY", "demo"), demo.url),
            data_dir=directory / "data",
            containment=Containment("none"),
            inherited_env={"PATH": os.environ["PATH"]},
        )
    )
    worker = await factory.start(WorkerSpec("claude"))
    try:
        worker.bind(SessionSetup(system_prompt="Be brief.", tools=(Tool("look"), Tool("wait"))))
        yield worker
    finally:
        await worker.aclose()


async def ask(worker: Worker, prompt: Row, setup: TurnSetup | None = None) -> TurnReport:
    return await worker.ask(prompt, setup or TurnSetup(), lambda _events: None, stall_timeout_s=30)


def heard(demo: DemoModel) -> dict[str, Any]:
    """What the model was asked with last, but for what the CLI marks for the provider's cache."""
    body = {name: value for name, value in (demo.main_requests[-1].body or {}).items() if name != "metadata"}
    messages = [message for message in body["messages"] if message["role"] != "system"]
    return body | {"messages": [_unmarked(message) for message in messages]}


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unmarked(held) for name, held in value.items() if name != "cache_control"}
    return [_unmarked(held) for held in value] if isinstance(value, list) else value


async def test_the_model_gets_the_same_as_from_a_worker_that_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewinds = []
    rewind = Aligner._rewind

    async def noting(aligner: Aligner, target: str, last_seen: str) -> None:
        rewinds.append(target)
        await rewind(aligner, target, last_seen)

    monkeypatch.setattr(Aligner, "_rewind", noting)
    async with DemoModel() as demo, started(tmp_path / "waiting", demo) as waiting:
        rows = [Row("user", (text(ASKED),))]
        report = await ask(waiting, rows[0])
        for contents, setup in (((ODD, "two"), ONCE), ((LONG,), TurnSetup())):
            rows += [*report.rows]
            await waiting.align(rows)
            prompt = results(report, *([text(said)] for said in contents))
            await waiting.align(rows, Coming(prompt))
            report = await ask(waiting, prompt, setup)
            got = heard(demo)
            assert (got.get("temperature"), "tool_choice" in got) == (setup.temperature, setup is ONCE)
            kept = tuple(rows)
            rows.append(prompt)
        assert (report.text, rewinds) == ("done", [])
        async with started(tmp_path / "told", demo) as told:
            await told.align(kept)
            await ask(told, prompt)
        assert heard(demo) == got
        assert len(demo.requests) == len(demo.main_requests) == 4
