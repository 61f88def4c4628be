"""The README of each client alone leads a newcomer to an answer: its own lines, in a copy of the repository."""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.house import House, running
from tests.interop.ground import require
from tests.interop.languages import LANGUAGES, ROOT

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900)]

_STEP_S = 400.0  # a build of a stranger's on a busy machine
_ANSWER = 'You said: "What is a river?"'
_TOOLS = "get_weather answered: Sunny"
# What the READMEs' parts of programs stand in.
_TYPESCRIPT = """
import { Client, pb } from "hotseat-client";
const client = new Client("127.0.0.1:50051");
void pb;
"""
_JAVA = """
import hotseat.*;
import hotseat.v1.*;
import java.time.Duration;

class NAME {
  public static void main(String[] arguments) {
    var settings = ConversationSettings.newBuilder().setProfile("claude");
    var opening = OpenConversation.newBuilder().setSettings(settings).build();
    try (Client client = new Client("127.0.0.1:50051")) {
      BODY
    }
  }
}
"""


@dataclass(frozen=True)
class Newcomer:
    """Somebody with a fresh clone and nothing else, at whose house a core serves."""

    clone: Path
    project: Path
    house: House
    readme: str

    def blocks(self, language: str) -> list[str]:
        """The README's programs, or lines for the shell, at this newcomer's places."""
        found = re.findall(rf"^```{language}\n(.*?)^```$", self.readme, re.MULTILINE | re.DOTALL)
        return [self.here(text) for text in found]

    def here(self, text: str) -> str:
        return text.replace("/path/to/hotseat", str(self.clone)).replace("127.0.0.1:50051", self.house.core.address)

    def write(self, name: str, text: str) -> None:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    async def run(self, lines: str, directory: Path | None = None) -> str:
        """What the lines print; each must succeed."""
        process = await asyncio.create_subprocess_exec(
            *("bash", "-ec", lines),
            cwd=directory or self.project,
            env=os.environ | {"HOTSEAT_CORE_TARGET": self.house.core.address},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), _STEP_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, f"{lines}\n{out.decode()[-2000:]}\n{err.decode()[-4000:]}"
        return out.decode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with running(tmp_path_factory.mktemp("readmes"), POOL_SIZE="2") as shared:
        yield shared


@pytest.fixture
def newcomer(request: pytest.FixtureRequest, tmp_path: Path, house: House) -> Newcomer:
    """A newcomer to the language that the test is about."""
    name: str = request.param
    require(next(language for language in LANGUAGES if language.name == name))
    clone, project = tmp_path / "hotseat", tmp_path / "project"
    project.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", f"clients/{name}", "proto"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for file in listed.stdout.splitlines():
        if (ROOT / file).is_file():
            (clone / file).parent.mkdir(parents=True, exist_ok=True)
            (clone / file).write_bytes((ROOT / file).read_bytes())
    return Newcomer(clone, project, house, (clone / f"clients/{name}/README.md").read_text(encoding="utf-8"))


def only(newcomer: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("newcomer", [newcomer], indirect=True)


@only("python")
async def test_python(newcomer: Newcomer) -> None:
    (install,) = newcomer.blocks("sh")
    (program,) = newcomer.blocks("python")
    await newcomer.run(install)
    newcomer.write("ask.py", program)
    told = await newcomer.run(".venv/bin/python ask.py")
    assert 'You said: "In one sentence: what is a hot seat?"' in told
    assert re.search(r"^\d+ tokens$", told, re.MULTILINE)


@only("typescript")
async def test_typescript(newcomer: Newcomer) -> None:
    (example,) = newcomer.blocks("sh")
    assert _ANSWER in await newcomer.run(example, newcomer.clone)
    (install,) = re.findall(r"`(npm install [^`]+)`", newcomer.readme)
    newcomer.write("package.json", '{"type": "module"}')
    await newcomer.run(newcomer.here(install))
    river, tools, permissions, watching = newcomer.blocks("ts")
    newcomer.write("river.ts", river)
    for name, part in (("tools", tools), ("permissions", permissions)):
        newcomer.write(f"{name}.ts", f"{newcomer.here(_TYPESCRIPT)}{part}await talk.close();\nclient.close();\n")
    newcomer.write("watching.ts", f"{newcomer.here(_TYPESCRIPT)}{watching}")  # for ever: the compiler alone reads it
    there = newcomer.clone / "clients/typescript/node_modules"
    options = f"--strict --target es2023 --module nodenext --skipLibCheck --typeRoots {there}/@types --types node"
    await newcomer.run(f"{there}/.bin/tsc {options} *.ts")
    assert _ANSWER in await newcomer.run("node river.js")
    assert _TOOLS in await newcomer.run("node tools.js")
    await newcomer.run("node permissions.js")


@only("go")
async def test_go(newcomer: Newcomer) -> None:
    example, require_it = newcomer.blocks("sh")
    assert _ANSWER in await newcomer.run(example, newcomer.clone)
    river, tools = newcomer.blocks("go")
    newcomer.write("river/main.go", river)
    body = river.partition("	talk, err :=")[0]  # a client, and what a conversation is opened with
    checked = "if err != nil {\nlog.Fatal(err)\n}\nfmt.Println(answer)\n}\n"
    newcomer.write("tools/main.go", f"{body}{tools}{checked}")
    await newcomer.run(f"go mod init example.com/newcomer\n{require_it}")
    assert _ANSWER in await newcomer.run("go run ./river")
    assert _TOOLS in await newcomer.run("go run ./tools")


@only("java")
async def test_java(newcomer: Newcomer) -> None:
    (example,) = newcomer.blocks("sh")
    assert _ANSWER in await newcomer.run(example, newcomer.clone)
    pom = (newcomer.clone / "clients/java/pom.xml").read_text(encoding="utf-8")
    (dependency,) = newcomer.blocks("xml")
    assert [part for part in re.findall(r"<\w+>[\w.-]+</\w+>", dependency) if part not in pom] == []
    river, tools, watching = newcomer.blocks("java")
    newcomer.write("River.java", river)
    newcomer.write("Tools.java", newcomer.here(_JAVA).replace("NAME", "Tools").replace("BODY", tools))
    newcomer.write("Watching.java", newcomer.here(_JAVA).replace("NAME", "Watching").replace("BODY", watching))
    built = newcomer.clone / "clients/java/target"
    classpath = f"-cp '{built}/classes:{built}/lib/*'"
    assert _ANSWER in await newcomer.run(f"java {classpath} River.java")
    assert _TOOLS in await newcomer.run(f"java {classpath} Tools.java")
    await newcomer.run(f"javac {classpath} -d out Watching.java")  # it goes on for ever: the compiler alone reads it
