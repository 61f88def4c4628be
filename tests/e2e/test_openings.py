"""Real workers that begin with a session file: the model gets just what it gets from one that was told everything."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hotseat_cli import installed
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.upstream.credential import Credential
from hotseat_core.upstream.given import BareKey
from hotseat_core.worker.containment import Containment
from hotseat_core.worker.factory import FactorySettings, WorkerFactory
from hotseat_core.worker.opening import opening_of
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import SessionSetup, TurnSetup
from hotseat_core.worker.worker import Worker
from hotseat_demo.server import DemoModel

PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQKJSVFT0Y="}
DOT = {
    "type": "base64",
    "media_type": "image/png",
    "data": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def user(*blocks: dict[str, Any] | str) -> Row:
    return Row("user", tuple(text(block) if isinstance(block, str) else block for block in blocks))


def model(*blocks: dict[str, Any] | str) -> Row:
    return Row("assistant", tuple(text(block) if isinstance(block, str) else block for block in blocks))


def use(tool_id: str, command: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": tool_id, "name": "Bash", "input": {"command": command}}


def result(tool_id: str, content: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": tool_id, "content": content, **fields}


# Whatever the CLI might treat in a way of its own.
ODD = (
    model("Welcome."),
    user("plain"),
    model("plain too"),
    user("first of two"),
    user("second of two"),
    model("one ", "in ", "parts"),
    user("several", {"type": "image", "source": {"type": "url", "url": "https://example.com/x.png"}}, "blocks"),
    model({"type": "thinking", "thinking": "hm", "signature": "c2ln"}, "thought over"),
    user({"type": "document", "source": PDF}, "read it"),
    model("read"),
    user(" "),
    model(" \n"),
    user("/clear @/etc/passwd"),
    model("No response requested."),
    user("[Request interrupted by user]"),
    model("This session is being continued from a previous conversation"),
    user("<command-name>/compact</command-name>", "<system-reminder>x</system-reminder>"),
    model("zw\u00f6lf \u2028 \U0001f600 \x00\x1b[0m"),
    user("again"),
    model("same"),
    user("again"),
    model("same"),
)
AGENTS = (
    user("look around"),
    model(
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        "I look.",
        use("toolu_1", "ls"),
        use("toolu_2", "pwd"),
    ),
    user(result("toolu_1", "a b"), result("toolu_2", [text("/"), {"type": "image", "source": DOT}])),
    model(use("toolu_3", "false")),
    user(result("toolu_3", "<tool_use_error>no</tool_use_error>", is_error=True)),
    model("There is nothing."),
    user("and now"),
    model("Nothing."),
)
TOLD_AFTER = (user("dangling"),)  # "No response requested." would answer it


class Workers:
    """Workers on the real CLI, all in one directory: its name is part of what an agent is told."""

    def __init__(self, directory: Path, demo: DemoModel) -> None:
        self._demo = demo
        self._cwd = directory / "cwd"
        self._cwd.mkdir()
        self._factory = WorkerFactory(
            FactorySettings(
                cli_path=Path(installed.bundled_cli()),
                gate=BareKey(Credential("ANTHROPIC_API_KEY", "demo"), demo.url),
                data_dir=directory / "data",
                containment=Containment("none"),
                inherited_env={"PATH": os.environ["PATH"]},
            )
        )

    @asynccontextmanager
    async def holding(self, profile: str, rows: Sequence[Row], *, from_file: bool) -> AsyncIterator[Worker]:
        """A worker that holds these rows."""
        opening = opening_of(rows) if from_file else None
        assert from_file is (opening is not None)
        worker = await self._factory.start(WorkerSpec(profile, str(self._cwd), opening))
        try:
            worker.bind(SessionSetup(system_prompt="Be brief."))
            await worker.align(rows)
            yield worker
        finally:
            await worker.aclose()

    async def ask(self, worker: Worker, said: str, held: Sequence[Row]) -> tuple[list[Row], list[Any]]:
        """What the worker holds after a turn, and the messages that the model got with it."""
        prompt = user(said)
        report = await worker.ask(prompt, TurnSetup(), lambda events: None, stall_timeout_s=20)
        assert report.ending.clean
        return [*held, prompt, *report.rows], self._demo.main_requests[-1].messages


@pytest.mark.parametrize(
    ("profile", "rows"),
    [
        pytest.param("claude", (*ODD, *TOLD_AFTER), id="odd"),
        pytest.param("claude-code", (*AGENTS, *ODD), id="an agent's"),
    ],
)
async def test_a_history_from_a_file_reaches_the_model_as_one_from_frames(
    tmp_path: Path, profile: str, rows: tuple[Row, ...]
) -> None:
    got: list[list[Any]] = []
    async with DemoModel() as demo:
        workers = Workers(tmp_path, demo)
        for from_file in (False, True):
            async with workers.holding(profile, rows, from_file=from_file) as worker:
                held, first = await workers.ask(worker, "[[say one]]", rows)
                await worker.align(held)
                _, second = await workers.ask(worker, "[[say two]]", held)
                got.append([*first, *second])
        # Neither way asks the provider anything else.
        assert len(demo.requests) == len(demo.main_requests) == 4
    assert got[0] == got[1]
    assert "look around" in str(got[1]) or "Welcome." in str(got[1])


async def test_from_an_image_on_the_history_is_told_in_frames(tmp_path: Path) -> None:
    rows = (*ODD[:6], user("see", {"type": "image", "source": DOT}), model("seen"), user("more"), model("told"))
    got: list[str] = []
    async with DemoModel() as demo:
        workers = Workers(tmp_path, demo)
        for from_file in (False, True):
            async with workers.holding("claude", rows, from_file=from_file) as worker:
                _, messages = await workers.ask(worker, "[[say ok]]", rows)
                got.append(json.dumps(messages))
    assert DOT["data"] in got[0]
    assert got[0] == got[1]


async def test_a_worker_goes_back_into_the_file_it_began_with(tmp_path: Path) -> None:
    rows = [row for number in range(6) for row in (user(f"question {number}"), model(f"answer {number}"))]
    async with DemoModel() as demo, asyncio.timeout(20):
        workers = Workers(tmp_path, demo)
        async with workers.holding("claude", rows, from_file=True) as worker:
            for wanted in (rows[:8], rows[:2], rows[:2] + rows[6:8], []):
                await worker.align(wanted)
                _, messages = await workers.ask(worker, "[[say ok]]", wanted)
                said = [(m["role"], m["content"][0]["text"]) for m in messages if m["role"] != "system"]
                assert said == [(row.role, row.content[0]["text"]) for row in [*wanted, user("[[say ok]]")]]
