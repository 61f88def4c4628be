"""What the real CLI's Bash has started ends with its worker and with the core, in each containment."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from hotseat import pb

from tests import containments
from tests.e2e.house import House, new_id, running, tag, user
from tests.e2e.processes import alive, until
from tests.e2e.wire import calling

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENDLESS = "[[tokens 5000]] [[delay 10]]"
# Away from the group, the session and the parent; one of them keeps not even the mark in its environment.
RUNAWAYS = (
    "setsid -f sleep 4331 </dev/null >/dev/null 2>&1; nohup sleep 4332 </dev/null >/dev/null 2>&1 & "
    "env -i /bin/sh -c '(setsid sleep 4333 </dev/null >/dev/null 2>&1 &)'; sleep 0.1; echo started"
)
SLEEPS = ["sleep 4331", "sleep 4332", "sleep 4333"]


@asynccontextmanager
async def contained_by(name: str, directory: Path) -> AsyncIterator[House]:
    bounds = {"POOL_SIZE": "2", "HOTSEAT_WARM_WORKERS": "0", "HOTSEAT_PERMISSION_MODE": "bypass", "IS_SANDBOX": "1"}
    async with running(directory, **bounds, **containments.settings(name)) as house:
        yield house


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=containments.FOUND)
async def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Houses whose workers are hurt, and whose servers stay up."""
    async with contained_by(request.param, tmp_path_factory.mktemp("contained")) as shared:
        yield shared


async def with_runaways(house: House, conversation: str) -> tuple[pb.Worker, list[psutil.Process]]:
    """The idle worker of a conversation whose Bash has left processes behind, and all that is in its tree."""
    text = f'[[call Bash {{"command": "{RUNAWAYS}"}}]] [[then]] [[say done]] {tag()}'
    opening = pb.OpenConversation(
        conversation_id=conversation,
        settings=pb.ConversationSettings(
            profile="claude-code", permission_policy=pb.PermissionPolicy(allow_rules=["Bash"])
        ),
    )
    async with asyncio.timeout(20), house.grpc.converse(opening) as talk:
        events = [event async for event in talk.ask(text)]
    assert events[-1].turn_completed.text == "done"
    worker = await house.until_idle(conversation)
    line = [psutil.Process(worker.pid), *psutil.Process(worker.pid).parents()]
    root = next(one for one in line if one.ppid() == house.core.pid)
    tree = [root, *root.children(recursive=True)]
    assert sorted(" ".join(one.cmdline()) for one in tree if one.name() == "sleep") == SLEEPS
    return worker, tree


async def gone(tree: list[psutil.Process], seconds: float) -> None:
    await until(lambda: not any(alive(one.pid) for one in tree), seconds, f"all of these are gone: {tree}")


async def test_the_worker_s_process_is_the_cli(house: House) -> None:
    conversation = new_id()
    worker, tree = await with_runaways(house, conversation)
    cli = psutil.Process(worker.pid)
    assert "--input-format=stream-json" in cli.cmdline()
    assert cli.ppid() != house.core.pid
    await house.http.delete(f"/conversations/{conversation}")
    await gone(tree, 3)


@pytest.mark.parametrize("way", ["evicted", "killed", "told to end", "its containment is killed"])
async def test_all_that_a_worker_started_ends_with_it(house: House, way: str) -> None:
    conversation = new_id()
    worker, tree = await with_runaways(house, conversation)
    match way:
        case "evicted":
            await house.http.delete(f"/conversations/{conversation}")
        case "killed":
            os.kill(worker.pid, signal.SIGKILL)
        case "told to end":
            os.kill(worker.pid, signal.SIGTERM)
        case "its containment is killed":
            # What has lost its mark is then out of reach of a watcher, as docs/containment.md says.
            (lost,) = [one for one in tree if one.cmdline() == ["sleep", "4333"]]
            tree.remove(lost)
            tree[0].kill()
    await until(lambda: not alive(worker.pid), 3, "the worker has ended")
    await gone(tree, 1)
    if way == "its containment is killed" and lost.is_running():
        lost.kill()
    text = f"[[say on]] {tag()}"
    answer = await house.sdk.chat.completions.create(model=f"claude-code:{conversation}", messages=[user(text)])
    assert answer.choices[0].message.content == "on"


@pytest.mark.parametrize("name", containments.FOUND)
async def test_all_that_workers_started_ends_with_a_core_that_is_killed(tmp_path: Path, name: str) -> None:
    async with contained_by(name, tmp_path) as house:
        _, tree = await with_runaways(house, new_id())
        body = {"model": "claude", "stream": True, "messages": [user(f"{ENDLESS} {tag()}")]}
        async with calling(house.edge.address, body) as caller:
            await caller.until_received('" w5"')
            tree += psutil.Process(house.core.pid).children(recursive=True)
            await house.core.kill()
            await gone(tree, 1)
            await house.until_no_process_is_left(0)


@pytest.mark.parametrize("name", containments.FOUND)
async def test_a_core_that_is_told_to_stop_leaves_nothing_that_its_workers_started(tmp_path: Path, name: str) -> None:
    async with contained_by(name, tmp_path) as house:
        _, tree = await with_runaways(house, new_id())
        house.core.signal(signal.SIGTERM)
        assert await house.core.ended(5) == 0
        await gone(tree, 0)
        assert house.processes() == []
