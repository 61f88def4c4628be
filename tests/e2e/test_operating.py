"""An operator at work: the command against a real house with real processes."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hotseat import pb
from hotseat.talk import user_input

from tests.cli.screen import on_screen
from tests.e2e.house import House, new_id, running, tag, user

pytestmark = [pytest.mark.timeout(90), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house that may be drained: nobody else lives in it."""
    async with running(tmp_path_factory.mktemp("house"), POOL_SIZE="1", HOTSEAT_WARM_WORKERS="0") as house:
        yield house


async def hotseat(house: House, *arguments: str) -> tuple[int | None, str, str]:
    """The exit code, standard output and standard error of `hotseat ARGUMENTS`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotseat_cli", *arguments),
        cwd=house.directory,
        env={**os.environ, "HOTSEAT_CORE_TARGET": house.core.address},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, out.decode(), err.decode()


async def told(house: House, *arguments: str) -> Any:
    """The JSON that a command prints; it must succeed."""
    code, out, err = await hotseat(house, *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


async def say(house: House, conversation: str, text: str) -> httpx.Response:
    body = {"model": f"claude:{conversation}", "messages": [user(text)]}
    return await house.http.post("/v1/chat/completions", json=body)


@contextlib.asynccontextmanager
async def long_turn(house: House, conversation: str) -> AsyncIterator["asyncio.Task[httpx.Response]"]:
    """A turn of some seconds, which runs by now."""
    text = f"[[tokens 80]] [[delay 50]] {tag()}"
    turn = asyncio.create_task(say(house, conversation, text))
    try:
        await house.until_asked(text, deltas=1)
        yield turn
    finally:
        await turn


@contextlib.asynccontextmanager
async def held_turn(house: House, conversation: str) -> AsyncIterator[None]:
    """A turn that runs as long as the block does."""
    text = f"[[tokens 600]] [[delay 50]] {tag()}"
    first = user_input(text)
    opening = pb.OpenConversation(
        conversation_id=conversation, settings=pb.ConversationSettings(profile="claude"), first_input=first
    )
    async with house.grpc.converse(opening) as talk:

        async def read() -> None:
            async for _ in talk.turn(first.request_id):
                pass

        reading = asyncio.create_task(read())
        try:
            await house.until_asked(text, deltas=1)
            yield
        finally:
            await talk.interrupt()
            await reading


async def test_ps_shows_the_process_that_runs_the_turn(own_house: House) -> None:
    conversation = new_id()
    async with held_turn(own_house, conversation):
        (worker,) = (await told(own_house, "ps"))["workers"]
        assert (worker["conversation_id"], worker["state"], worker["profile"]) == (conversation, "running", "claude")
        assert worker["start_time"] <= worker["turn_start_time"]
        assert {worker["pid"]} <= {found.pid for found in own_house.of(worker["worker_id"])}
        assert worker["memory_bytes"] > 50 * 2**20
    await own_house.until_idle(conversation)
    (idle,) = (await told(own_house, "ps"))["workers"]
    assert (idle["worker_id"], idle["state"], idle["turn_start_time"]) == (worker["worker_id"], "idle", None)


async def test_the_queue_names_the_turn_that_waits(own_house: House) -> None:
    waiting_id = new_id()
    async with held_turn(own_house, new_id()):
        waiting = asyncio.create_task(say(own_house, waiting_id, tag()))
        await own_house.until_queued(1)
        (turn,) = (await told(own_house, "queue"))["queued_turns"]
        assert (turn["position"], turn["conversation_id"], turn["profile"]) == (1, waiting_id, "claude")
        assert turn["queue_time"] < turn["expire_time"]
    assert (await waiting).status_code == 200
    assert (await told(own_house, "queue")) == {"queued_turns": []}


async def test_evicting_makes_a_conversation_cold_and_it_goes_on(own_house: House) -> None:
    conversation = new_id()
    await say(own_house, conversation, f"[[say first]] {tag()}")
    worker = await own_house.until_idle(conversation)
    code, out, _ = await hotseat(own_house, "conversations", "evict", conversation)
    assert (code, out) == (0, f"{conversation}  off worker {worker.worker_id}\n")
    assert own_house.of(worker.worker_id) == []
    shown = await told(own_house, "conversations", "show", conversation)
    assert (shown["conversation"]["state"], shown["conversation"]["worker_id"]) == ("cold", None)
    assert [turn["outcome"] for turn in shown["turns"]] == ["succeeded"]
    answer = (await say(own_house, conversation, f"[[recall 1]] {tag()}")).json()
    assert "first" in answer["choices"][0]["message"]["content"]


async def test_a_running_turn_is_evicted_only_by_force(own_house: House) -> None:
    conversation = new_id()
    async with long_turn(own_house, conversation) as turn:
        code, out, err = await hotseat(own_house, "conversations", "evict", conversation)
        assert (code, out) == (1, "")
        assert "TURN_RUNNING" in err
        assert "force" in err
        assert not turn.done()
        code, out, _ = await hotseat(own_house, "conversations", "evict", conversation, "--force")
        assert code == 0
        assert out.startswith(f"{conversation}  off worker ")
        await turn
    await own_house.until_cold(conversation)


async def test_a_drain_lets_the_turn_end_fails_readiness_and_is_taken_back(own_house: House) -> None:
    async def readiness() -> int:
        return (await own_house.http.get("/readyz")).status_code

    assert await readiness() == 200
    async with long_turn(own_house, new_id()) as turn:
        code, _, err = await hotseat(own_house, "pool", "drain", "--timeout", "300ms")
        assert (code, turn.done()) == (3, False)
        assert err.startswith("draining: 1 turn still runs\n")
        assert await readiness() == 503
        assert (await say(own_house, new_id(), tag())).status_code == 503
        code, out, _ = await hotseat(own_house, "pool", "drain", "--wait")
        assert (code, out.partition(":")[0]) == (0, "drained")
        answer = await turn
    assert (answer.status_code, answer.json()["choices"][0]["finish_reason"]) == (200, "stop")
    assert (await hotseat(own_house, "pool", "resume"))[0] == 0
    assert await readiness() == 200
    assert (await say(own_house, new_id(), tag())).status_code == 200


async def test_a_resized_pool_has_room_for_a_second_turn_and_shrinks_again(own_house: House) -> None:
    assert (await told(own_house, "pool", "resize", "2"))["pool"]["size"]["max_workers"] == 2
    async with held_turn(own_house, new_id()), held_turn(own_house, new_id()):
        states = [worker["state"] for worker in (await told(own_house, "ps"))["workers"]]
        assert states == ["running", "running"]
        assert (await told(own_house, "pool", "resize", "1"))["pool"]["stats"]["running_workers"] == 2
    async with asyncio.timeout(10):
        while len((await told(own_house, "ps"))["workers"]) > 1:
            pass


async def test_conversations_are_forked_and_deleted(own_house: House) -> None:
    conversation, fork = new_id(), new_id()
    await say(own_house, conversation, f"[[say first]] {tag()}")
    await say(own_house, conversation, f"[[say second]] {tag()}")
    assert (await hotseat(own_house, "conversations", "fork", conversation, "--turn", "1", "--as", fork))[:2] == (
        0,
        f"{fork}\n",
    )
    listed = (await hotseat(own_house, "conversations", "ls", "-q", "--all"))[1].split()
    assert {conversation, fork} <= set(listed)
    assert (await hotseat(own_house, "conversations", "rm", "--yes", conversation, fork))[0] == 0
    code, _, err = await hotseat(own_house, "conversations", "show", conversation)
    assert code == 1
    assert "CONVERSATION_NOT_FOUND" in err


async def test_a_conversation_is_moved_through_a_pipe_and_goes_on(own_house: House) -> None:
    conversation, copy = new_id(), new_id()
    await say(own_house, conversation, f"[[say first]] {tag()}")
    exporting = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m hotseat_cli conversations export {conversation}"
        f" | {sys.executable} -m hotseat_cli conversations import - --as {copy}",
        cwd=own_house.directory,
        env={**os.environ, "HOTSEAT_CORE_TARGET": own_house.core.address},
        stdout=asyncio.subprocess.PIPE,
    )
    assert (await asyncio.wait_for(exporting.communicate(), 30))[0] == f"{copy}\n".encode()
    answer = (await say(own_house, copy, f"[[recall 1]] {tag()}")).json()
    assert "first" in answer["choices"][0]["message"]["content"]


async def test_top_follows_a_turn(own_house: House, tmp_path: Path) -> None:
    conversation = new_id()
    async with on_screen("top", "--target", own_house.core.address, "--interval", "200ms", COLUMNS="120") as screen:
        await screen.shows("q quits")
        async with held_turn(own_house, conversation):
            await screen.shows(conversation)
            await screen.shows("\x1b[32mrunning")
        screen.type("q")
        assert await screen.exit_code() == 0
