"""A client that hangs up stops its turn at once, and keeps its session."""

import asyncio
import time

import pytest

from tests.e2e.house import House, new_id, said, tag, user
from tests.e2e.processes import until
from tests.e2e.wire import calling

pytestmark = pytest.mark.asyncio(loop_scope="session")

AT_ONCE_S = 0.3


async def upstream_gone(house: House, text: str) -> float:
    """How long it takes from now until the model's client is gone."""
    started = time.monotonic()
    await house.demo.wait_until(lambda: house.asked(text)[-1].client_gone, timeout=5)
    return time.monotonic() - started


@pytest.mark.parametrize("model", ["claude", "claude-code"])
@pytest.mark.parametrize("way", ["close", "reset"])
async def test_hanging_up_in_mid_stream_stops_the_model_and_keeps_the_session(
    house: House, model: str, way: str
) -> None:
    conversation, first, text = new_id(), f"[[say hi]] {tag()}", f"[[tokens 5000]] [[delay 10]] {tag()}"
    await house.sdk.chat.completions.create(model=f"{model}:{conversation}", messages=[user(first)])
    worker = await house.until_idle(conversation)
    body = {"model": f"{model}:{conversation}", "stream": True, "messages": [user(text)]}
    async with calling(house.edge.address, body) as caller:
        await caller.until_received('" w5"')
        caller.close() if way == "close" else caller.reset()
        assert await upstream_gone(house, text) < AT_ONCE_S

    second = f"[[say still here]] {tag()}"
    answer = await house.sdk.chat.completions.create(model=f"{model}:{conversation}", messages=[user(second)])
    assert answer.choices[0].message.content == "still here"
    assert (await house.until_idle(conversation)).pid == worker.pid
    *before, (role, partial), last = said(house.asked(second)[-1].messages)
    assert before == [("user", first), ("assistant", "hi"), ("user", text)]
    assert last == ("user", second)
    assert role == "assistant"
    assert partial.startswith("w0 w1 w2 w3 w4 w5")
    assert " ".join(f"w{number}" for number in range(5000)).startswith(partial)


async def test_hanging_up_before_the_first_token_stops_the_model(house: House) -> None:
    conversation, text = new_id(), f"[[ttft 60000]] [[say late]] {tag()}"
    await house.sdk.chat.completions.create(model=f"claude:{conversation}", messages=[user(f"[[say hi]] {tag()}")])
    worker = await house.until_idle(conversation)
    async with calling(house.edge.address, {"model": f"claude:{conversation}", "messages": [user(text)]}) as caller:
        await house.until_asked(text)
        caller.close()
        assert await upstream_gone(house, text) < AT_ONCE_S
    assert (await house.until_idle(conversation)).pid == worker.pid
    assert caller.received == b""


async def test_hanging_up_on_a_running_tool_ends_the_tool(house: House) -> None:
    conversation, text = new_id(), f'[[call Bash {{"command": "sleep 300"}}]] [[then]] [[say slept]] {tag()}'
    await house.sdk.chat.completions.create(model=f"claude-code:{conversation}", messages=[user(f"[[say a]] {tag()}")])
    worker = await house.until_idle(conversation)

    def sleeps() -> bool:
        return any("sleep 300" in found.command and "bash" not in found.command for found in house.of(worker.worker_id))

    body = {"model": f"claude-code:{conversation}", "stream": True, "messages": [user(text)]}
    async with calling(house.edge.address, body) as caller:
        await until(sleeps, 10, "the tool runs")
        caller.close()
        await until(lambda: not sleeps(), 2, "the tool is gone")
    second = f"[[say awake]] {tag()}"
    answer = await house.sdk.chat.completions.create(model=f"claude-code:{conversation}", messages=[user(second)])
    assert answer.choices[0].message.content == "awake"


async def test_hanging_up_while_waiting_for_the_conversation_s_turn_leaves_the_running_one_alone(house: House) -> None:
    conversation, running, waiting = new_id(), f"[[tokens 60]] [[delay 10]] {tag()}", f"[[say never]] {tag()}"
    asking = asyncio.create_task(
        house.sdk.chat.completions.create(model=f"claude:{conversation}", messages=[user(running)])
    )
    await house.until_asked(running, deltas=3)
    async with calling(house.edge.address, {"model": f"claude:{conversation}", "messages": [user(waiting)]}) as caller:
        # Through the same edge and core, after it: it is known there.
        await house.http.get(f"/conversations/{conversation}")
        caller.close()
    answer = await asking
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.choices[0].message.content or "").endswith("w59")
    following = f"[[say next]] {tag()}"
    await house.sdk.chat.completions.create(model=f"claude:{conversation}", messages=[user(following)])
    assert house.asked(waiting) == []
    assert len(said(house.asked(following)[-1].messages)) == 3
