"""The README's own commands and programs, run as printed against a live `hotseat demo`; only the ports differ."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

ROOT = Path(__file__).parents[1]
pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@dataclass(frozen=True)
class Snippet:
    language: str
    text: str


def snippets(document: str) -> Iterator[Snippet]:
    """Every fenced block with a language."""
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL):
        yield Snippet(found[1], found[2])


@dataclass(frozen=True)
class Demo:
    """A running `hotseat demo`."""

    edge_port: str
    core_port: str
    directory: Path

    def with_real_ports(self, text: str) -> str:
        assert ":3000" in text or ":50051" in text or "hotseat chat" in text
        return text.replace(":3000", f":{self.edge_port}").replace(":50051", f":{self.core_port}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    directory = tmp_path_factory.mktemp("demo")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotseat_cli", "demo", "--port", "0", "--core-port", "0"),
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=None,
    )
    try:
        yield await _served(process, directory)
    finally:
        if process.returncode is None:
            process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0


async def _served(process: asyncio.subprocess.Process, directory: Path) -> Demo:
    assert process.stdout is not None
    banner = ""
    async with asyncio.timeout(60):
        while "Ctrl-C ends it." not in banner:
            line = await process.stdout.readline()
            assert line, "hotseat demo ended instead of serving"
            banner += line.decode()
    edge, core = re.search(r"http://127\.0\.0\.1:(\d+)/v1\n", banner), re.search(r"gRPC +127\.0\.0\.1:(\d+)\n", banner)
    assert edge
    assert core
    return Demo(edge[1], core[1], directory)


async def run(demo: Demo, *command: str) -> str:
    """What the command prints; it must succeed."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=demo.directory,
        env={**os.environ, "PATH": path, "HOTSEAT_CORE_TARGET": f"127.0.0.1:{demo.core_port}"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return out.decode()


SHELL = [snippet.text for snippet in snippets("README.md") if snippet.language == "sh"]
PYTHON = [
    (document, snippet.text)
    for document in ("README.md", "docs/grpc.md")
    for snippet in snippets(document)
    if snippet.language == "python"
]


async def test_the_snippets_are_found() -> None:
    assert (len(SHELL), len(PYTHON)) == (6, 4)


@pytest.mark.parametrize("text", [text for text in SHELL if "/v1/chat/completions" in text and "stream" not in text])
async def test_a_curl_is_answered(demo: Demo, text: str) -> None:
    answer = json.loads(await run(demo, "bash", "-c", f"{demo.with_real_ports(text).rstrip()} --silent --fail"))
    assert answer["choices"][0]["message"]["content"]
    assert answer["choices"][0]["finish_reason"] == "stop"
    if "What was the code" in text:
        assert "BLUE-7" in answer["choices"][0]["message"]["content"]


async def test_the_streamed_curl_comes_in_pieces(demo: Demo) -> None:
    (text,) = [text for text in SHELL if "stream" in text]
    said = await run(demo, "bash", "-c", f"{demo.with_real_ports(text).rstrip()} --silent --fail")
    lines = [line for line in said.splitlines() if line]
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert lines[-1] == "data: [DONE]"
    assert sum(bool(chunk["choices"][0]["delta"].get("content")) for chunk in chunks) > 1


async def test_the_terminal_command_answers(demo: Demo) -> None:
    (text,) = [text for text in SHELL if "hotseat chat" in text]
    assert (await run(demo, "bash", "-c", demo.with_real_ports(text).replace(".venv/bin/", ""))).strip()


@pytest.mark.parametrize(("document", "text"), PYTHON)
async def test_a_python_example_answers(demo: Demo, document: str, text: str) -> None:
    said = await run(demo, sys.executable, "-c", demo.with_real_ports(text))
    assert ("get_weather answered: Sunny" if "tool_results" in text else "river") in said


async def test_the_operators_commands_work_in_their_order(demo: Demo) -> None:
    (text,) = [text for text in SHELL if "hotseat pool" in text]
    told = await run(demo, "bash", "-ec", text.replace(".venv/bin/", ""))
    assert [word for word in ("WORKER ", "PLACE ", "drained: ", "active: ", "CONVERSATION ") if word not in told] == []
