"""The README's own commands and programs, and those of docs/, run as printed; only the ports differ."""

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
from hotseat_serving.configuration.table import SETTINGS

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
    """What `make run` starts where there is no credential, running."""

    edge_port: str
    core_port: str
    directory: Path

    def with_real_ports(self, text: str) -> str:
        assert ":3000" in text or ":50051" in text or "hotseat chat" in text
        text = text.replace(":3000", f":{self.edge_port}")
        return re.sub(r":5005[12]\b", f":{self.core_port}", text)  # where two cores are told of, both are this one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    directory = tmp_path_factory.mktemp("demo")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotseat_cli", "up", "--port", "0", "--core-port", "0"),
        cwd=directory,
        env={name: value for name, value in os.environ.items() if name not in SETTINGS},
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
            assert line, "hotseat up ended instead of serving"
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
    for document in ("README.md", "docs/grpc.md", "docs/responses.md")
    for snippet in snippets(document)
    if snippet.language == "python"
]


# In their programs' own words, where those are not about rivers.
SAID = {"docs/responses.md": "BLUE-7", "tool_results": "get_weather answered: Sunny"}
# Programs and lines that are run elsewhere, or are no whole ones.
ELSEWHERE = {"docs/conversations.md", "docs/demo-model.md", "docs/upgrading.md"}


async def test_the_snippets_are_found() -> None:
    assert (len(SHELL), len(PYTHON)) == (6, 5)
    documents = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").glob("*.md"))]
    programs = {
        document for document in documents for found in snippets(document) if found.language in {"sh", "python"}
    }
    assert programs - ELSEWHERE == {document for document, _ in PYTHON} - {"README.md"}


async def test_make_run_starts_the_command_that_is_tried_here(demo: Demo) -> None:
    told = await run(demo, "make", "-n", "-C", str(ROOT), "--no-print-directory", "run")
    assert told.splitlines()[-1] == "exec .venv/bin/hotseat up"


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
    assert next((words for mark, words in SAID.items() if mark == document or mark in text), "river") in said


async def test_a_conversation_is_moved_as_the_example_does(demo: Demo) -> None:
    (program,) = [found.text for found in snippets("docs/conversations.md") if found.language == "python"]
    await run(demo, "hotseat", "chat", "--model", "claude", "-c", "tour", "Say hello.")
    assert re.fullmatch(
        r"tour-2 [1-9]\d* turns\n", await run(demo, sys.executable, "-c", demo.with_real_ports(program))
    )


async def test_the_operators_commands_work_in_their_order(demo: Demo) -> None:
    (text,) = [text for text in SHELL if "hotseat pool" in text]
    told = await run(demo, "bash", "-ec", text.replace(".venv/bin/", ""))
    assert [word for word in ("WORKER ", "PLACE ", "drained: ", "active: ", "CONVERSATION ") if word not in told] == []
