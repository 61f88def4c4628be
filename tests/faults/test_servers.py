"""A server that is killed or told to stop in mid-stream: an explicit end for the client, and no process left behind."""

import asyncio
import signal
import time
from pathlib import Path

import httpx
import openai
import pytest
from hotseat import HotseatError, pb

from tests.e2e.house import House, new_id, running, said, tag, user
from tests.e2e.processes import alive, until
from tests.e2e.wire import calling

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENDLESS = "[[tokens 5000]] [[delay 10]]"
AFTER_A_KILL_S = 3.0  # what docs/containment.md promises; it takes a tenth of that


def body(text: str, model: str) -> dict[str, object]:
    return {"model": model, "stream": True, "messages": [user(text)]}


async def served_again(house: House, seconds: float = 5) -> None:
    """Return once the edge answers for the core again."""
    async with asyncio.timeout(seconds):
        while (await house.http.get("/health")).status_code != 200:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.02)


async def test_a_killed_core_ends_its_streams_with_an_error_and_its_workers_and_can_come_back(
    house: House,
) -> None:
    text = f"{ENDLESS} {tag()}"
    async with calling(house.edge.address, body(text, "claude")) as caller:
        await caller.until_received('" w5"')
        await house.core.kill()
        await caller.until_ended(5)  # the edge looks for the core for three seconds
    assert 'data: {"error":' in caller.received.decode()
    assert "[DONE]" not in caller.received.decode()
    await house.until_no_process_is_left(AFTER_A_KILL_S)

    started = time.monotonic()
    response = await house.http.post("/v1/chat/completions", json=body("x", "claude"))
    assert time.monotonic() - started < 1
    assert (response.status_code, response.json()["error"]["code"]) == (503, "core_unavailable")
    assert [(await house.http.get(path)).status_code for path in ("/livez", "/readyz", "/health")] == [200, 503, 503]

    await house.start_core(house.core.address.rpartition(":")[2])
    await served_again(house)
    answer = await house.sdk.chat.completions.create(model="claude", messages=[user(f"[[say back]] {tag()}")])
    assert answer.choices[0].message.content == "back"


async def test_a_core_that_is_killed_takes_running_tools_along(house: House) -> None:
    text = f'[[call Bash {{"command": "sleep 4322"}}]] [[then]] [[say slept]] {tag()}'
    async with calling(house.edge.address, body(text, "claude-code")):
        await until(lambda: any("sleep 4322" in found.command for found in house.processes()), 10, "the tool runs")
        await house.core.kill()
        await until(
            lambda: not any("sleep 4322" in found.command for found in house.processes()), 1, "the tool is gone"
        )
        await house.until_no_process_is_left(AFTER_A_KILL_S)


@pytest.mark.parametrize("way", ["killed", "told to stop"])
async def test_a_core_that_ends_while_its_workers_start_leaves_none(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, POOL_SIZE="2", HOTSEAT_WARM_WORKERS="2") as house:
        await until(lambda: bool(house.processes()), 5, "a worker starts")
        if way == "killed":
            await house.core.kill()
            await house.until_no_process_is_left(AFTER_A_KILL_S)
        else:
            house.core.signal(signal.SIGTERM)
            assert await house.core.ended(5) == 0
            assert house.processes() == []


async def test_an_edge_that_is_killed_stops_its_turns_and_keeps_their_workers(house: House) -> None:
    conversation, text, second = new_id(), f"{ENDLESS} {tag()}", f"[[say still here]] {tag()}"
    async with calling(house.edge.address, body(text, f"claude:{conversation}")) as caller:
        await caller.until_received('" w5"')
        worker = await house.worker(conversation)
        await house.edge.kill()
        # Its edge might have come back within three seconds.
        await house.demo.wait_until(lambda: house.asked(text)[-1].client_gone, timeout=6)
    await house.start_edge()
    async with openai.AsyncOpenAI(base_url=f"{house.edge.address}/v1", api_key="unused", max_retries=0) as sdk:
        answer = await sdk.chat.completions.create(model=f"claude:{conversation}", messages=[user(second)])
    assert answer.choices[0].message.content == "still here"
    assert (await house.until_idle(conversation)).pid == worker.pid
    assert said(house.asked(second)[-1].messages)[0] == ("user", text)


async def test_a_core_that_is_told_to_stop_lets_its_streams_end_and_takes_nothing_new(house: House) -> None:
    text = f"[[tokens 100]] [[delay 10]] {tag()}"
    async with calling(house.edge.address, body(text, "claude")) as caller:
        await caller.until_received('" w5"')
        house.core.signal(signal.SIGTERM)
        async with asyncio.timeout(2):
            while (await house.http.get("/readyz")).status_code == 200:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)
        response = await house.http.post("/v1/chat/completions", json=body("x", "claude"))
        assert (response.status_code, response.json()["error"]["type"]) == (503, "server_error")
        await caller.until_received("[DONE]")
    assert '" w99"' in caller.received.decode()
    assert await house.core.ended(5) == 0
    assert house.processes() == []


async def test_an_edge_that_is_told_to_stop_lets_its_streams_end(house: House) -> None:
    text = f"[[tokens 100]] [[delay 10]] {tag()}"
    async with calling(house.edge.address, body(text, "claude")) as caller:
        await caller.until_received('" w5"')
        house.edge.signal(signal.SIGTERM)
        await caller.until_received("[DONE]")
    assert await house.edge.ended(5) == 0
    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient(trust_env=False) as late:
            await late.get(f"{house.edge.address}/livez")


async def test_a_stream_that_outlasts_the_grace_is_stopped(tmp_path: Path) -> None:
    async with running(tmp_path, POOL_SIZE="1", HOTSEAT_WARM_WORKERS="0", HOTSEAT_DRAIN_TIMEOUT_MS="300") as house:
        settings = pb.ConversationSettings(profile="claude")
        async with house.grpc.converse(pb.OpenConversation(settings=settings)) as talk:
            turn = talk.ask(f"{ENDLESS} {tag()}")
            async with asyncio.timeout(10):
                async for event in turn:
                    if event.HasField("text_delta"):
                        break
                house.core.signal(signal.SIGTERM)
                events = [event async for event in turn]
            assert events[-1].turn_completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED
        assert await house.core.ended(5) == 0
        assert house.processes() == []


async def test_a_second_signal_ends_the_core_at_once(house: House) -> None:
    text = f"{ENDLESS} {tag()}"
    async with calling(house.edge.address, body(text, "claude")) as caller:
        await caller.until_received('" w5"')
        house.core.signal(signal.SIGTERM)
        async with asyncio.timeout(2):
            while (await house.http.get("/readyz")).status_code == 200:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)
        house.core.signal(signal.SIGTERM)
        assert await house.core.ended(1) == 128 + signal.SIGTERM
        await caller.until_ended(3)
    assert 'data: {"error":' in caller.received.decode()
    await house.until_no_process_is_left(AFTER_A_KILL_S)


async def test_a_core_that_hangs_is_reported_within_a_second_and_taken_back(house: House) -> None:
    house.core.signal(signal.SIGSTOP)
    try:
        taken: list[float] = []
        while not taken or (taken[-1] >= 1.2 and len(taken) < 3):  # a busy machine may be late once or twice
            started = time.monotonic()
            assert (await house.http.get("/readyz")).status_code == 503
            taken.append(time.monotonic() - started)
        assert taken[-1] < 1.2, taken
        assert (await house.http.get("/livez")).status_code == 200
    finally:
        house.core.signal(signal.SIGCONT)
    await served_again(house)


async def test_a_core_that_is_too_busy_to_greet_an_edge_is_waited_for(house: House) -> None:
    await house.edge.close()
    await house.start_edge()  # it connects with the first request
    house.core.signal(signal.SIGSTOP)
    asyncio.get_running_loop().call_later(2, house.core.signal, signal.SIGCONT)
    text = f"[[say patience]] {tag()}"
    async with openai.AsyncOpenAI(base_url=f"{house.edge.address}/v1", api_key="unused", max_retries=0) as sdk:
        answer = await sdk.chat.completions.create(model="claude", messages=[user(text)])
    assert answer.choices[0].message.content == "patience"
    assert len(house.asked(text)) == 1


async def test_a_second_core_is_refused_the_first_one_s_port_and_directory(house: House) -> None:
    first = house.core
    for port in (first.address.rpartition(":")[2], "0"):
        with pytest.raises(AssertionError, match="another hotseat core uses"):
            await house.start_core(port)
    house.core = first
    assert alive(first.pid)
    answer = await house.sdk.chat.completions.create(model="claude", messages=[user(f"[[say fine]] {tag()}")])
    assert answer.choices[0].message.content == "fine"


async def test_a_client_over_grpc_hears_that_the_core_is_gone(house: House) -> None:
    settings = pb.ConversationSettings(profile="claude")
    async with house.grpc.converse(pb.OpenConversation(settings=settings)) as talk, asyncio.timeout(10):
        turn = talk.ask(f"{ENDLESS} {tag()}")
        async for event in turn:
            if event.HasField("text_delta"):
                break
        await house.core.kill()
        with pytest.raises(HotseatError) as caught:
            [event async for event in turn]
    assert caught.value.code.name == "UNAVAILABLE"
