"""The real CLI takes the demo model for Anthropic's API: text, tools, thinking, structured output and every fault."""

import asyncio
import json
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import claude_agent_sdk
import pytest
from hotseat_demo.server import DemoModel

from tests.demo.asking import PERSON

CLAUDE = os.environ.get("CLAUDE_CLI_PATH") or str(Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude")
TEN = "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9"


class Cli:
    """`claude -p` with a home of its own, pointed at the demo model."""

    def __init__(self, demo: DemoModel, home: Path) -> None:
        self.demo, self._home = demo, home
        self.workspace = home / "workspace"
        self.workspace.mkdir()

    @asynccontextmanager
    async def started(self, prompt: str, *flags: str, **environ: str) -> AsyncIterator[Process]:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),
            "ANTHROPIC_BASE_URL": self.demo.url,
            "ANTHROPIC_API_KEY": "demo",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_MAX_RETRIES": "1",
            **environ,
        }
        command = (CLAUDE, "-p", *flags, prompt)
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, cwd=self.workspace, env=env
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            async with asyncio.timeout(10):
                await process.communicate()

    async def ask(self, prompt: str, *flags: str, **environ: str) -> dict[str, Any]:
        """The CLI's result for this prompt."""
        async with self.started(prompt, "--output-format", "json", *flags, **environ) as process:
            async with asyncio.timeout(40):
                stdout, stderr = await process.communicate()
        assert stdout, stderr.decode()
        result: dict[str, Any] = json.loads(stdout)
        return result

    async def messages(self, prompt: str) -> list[dict[str, Any]]:
        """Everything that the CLI prints for this prompt, stream events included."""
        flags = ("--output-format", "stream-json", "--verbose", "--include-partial-messages")
        async with self.started(prompt, *flags) as process:
            async with asyncio.timeout(40):
                stdout, _ = await process.communicate()
        return [json.loads(line) for line in stdout.splitlines()]


@pytest.fixture
async def cli(tmp_path: Path) -> AsyncIterator[Cli]:
    async with DemoModel() as demo:
        yield Cli(demo, tmp_path)


async def test_a_plain_text_is_echoed(cli: Cli) -> None:
    result = await cli.ask("hello")
    assert (result["result"], result["stop_reason"], result["is_error"]) == ('You said: "hello"', "end_turn", False)
    (recorded,) = cli.demo.main_requests
    assert recorded.credential is not None
    assert recorded.client_gone is False


async def test_every_token_and_the_thinking_reach_the_stream(cli: Cli) -> None:
    messages = await cli.messages("[[think let me see]] [[tokens 50]] [[usage in=11 out=22 cr=33 cw=44]]")
    deltas = [m["event"]["delta"] for m in messages if m.get("event", {}).get("type") == "content_block_delta"]
    assert [d["text"] for d in deltas if d["type"] == "text_delta"] == ["w0", *(f" w{n}" for n in range(1, 50))]
    assert "".join(d["thinking"] for d in deltas if d["type"] == "thinking_delta") == "let me see"
    usage = messages[-1]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (11, 22)
    assert (usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]) == (33, 44)


async def test_tools_run_in_parallel_and_step_by_step(cli: Cli) -> None:
    (cli.workspace / "note.txt").write_text("plum")
    text = (
        '[[call Bash {"command": "echo one"}]] [[call Read {"file_path": "%s"}]]'
        ' [[then]] [[call Bash {"command": "echo two"}]]' % (cli.workspace / "note.txt")
    )
    result = await cli.ask(text, "--allowedTools=Bash,Read")
    assert (cli.demo.main_count, result["is_error"]) == (3, False)
    assert [part in result["result"] for part in ("Bash answered: one", "plum", "Bash answered: two")] == [True] * 3


async def test_a_tool_that_the_text_asks_for_is_used(cli: Cli) -> None:
    result = await cli.ask("use the Bash tool to run `echo from-the-shell`", "--allowedTools=Bash")
    assert result["result"] == "Bash answered: from-the-shell"


async def test_structured_output_is_filled_from_the_text(cli: Cli) -> None:
    result = await cli.ask("Ada is 36 years old", "--json-schema", json.dumps(PERSON))
    assert result["structured_output"] == {"name": "Ada", "age": 36}


async def test_a_reply_longer_than_the_limit_is_continued_to_its_end(cli: Cli) -> None:
    await cli.ask("[[tokens 10]]", CLAUDE_CODE_MAX_OUTPUT_TOKENS="4")
    asked = cli.demo.main_requests
    assert [recorded.stop_reason for recorded in asked] == ["max_tokens", "max_tokens", "end_turn"]
    said = [block["text"] for m in asked[-1].messages if m["role"] == "assistant" for block in m["content"]]
    assert "".join(said) == "w0 w1 w2 w3 w4 w5 w6 w7"


@pytest.mark.parametrize(
    ("directive", "stop_reason"), [("refuse", "refusal"), ("pause", "pause_turn"), ("maxtok", "end_turn")]
)
async def test_stop_reasons_are_taken_in(cli: Cli, directive: str, stop_reason: str) -> None:
    assert (await cli.ask(f"[[{directive}]] [[say x]]"))["stop_reason"] == stop_reason


@pytest.mark.parametrize("status", [400, 401, 403, 413, 429, 500, 529])
async def test_an_http_error_is_reported_as_that_error(cli: Cli, status: int) -> None:
    result = await cli.ask(f"[[error {status}]]", CLAUDE_CODE_MAX_RETRIES="0")
    assert (result["is_error"], result["api_error_status"]) == (True, status)


@pytest.mark.parametrize(
    "fault",
    [
        "error 429 ra=1 x1",
        "error 529 x1",
        "error 500 x1",
        "sse-error overloaded_error after=3 x1",
        "cut x1",
        "cut after=3 x1",
        "hang after=3 secs=0.3 x1",
        "hang secs=0.3 x1",
    ],
)
async def test_a_passing_fault_is_survived(cli: Cli, fault: str) -> None:
    result = await cli.ask(f"[[{fault}]] [[tokens 10]]")
    assert (result["result"], result["is_error"]) == (TEN, False)
    assert cli.demo.requests[0].fault == fault.split(maxsplit=1)[0]


async def test_a_cli_that_is_ended_is_seen_as_gone(cli: Cli) -> None:
    async with cli.started("[[delay 20]] [[tokens 100000]]") as process:
        recorded = await cli.demo.wait_for_request(1, timeout=30)
        await cli.demo.wait_until(lambda: recorded.deltas > 2)
        process.terminate()
        await cli.demo.wait_until(lambda: recorded.client_gone)
    assert recorded.stop_reason is None
