"""A worker that dies, stops or leaves children behind: an explicit error, and the conversation goes on."""

import asyncio
import os
import signal
import time

import openai
import pytest
from hotseat import pb
from openai.types.chat import ChatCompletionChunk

from tests.e2e.house import House, new_id, said, tag, user
from tests.e2e.processes import alive, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENDLESS = "[[tokens 5000]] [[delay 10]]"


async def say(house: House, conversation: str, text: str, model: str = "claude") -> str | None:
    answer = await house.sdk.chat.completions.create(model=f"{model}:{conversation}", messages=[user(text)])
    return answer.choices[0].message.content


async def streaming(
    house: House, conversation: str, text: str, model: str = "claude"
) -> openai.AsyncStream[ChatCompletionChunk]:
    """A stream whose first words have come."""
    stream = await house.sdk.chat.completions.create(
        model=f"{model}:{conversation}", messages=[user(text)], stream=True
    )
    async with asyncio.timeout(10):
        async for chunk in stream:
            if "w3" in (chunk.choices[0].delta.content or ""):
                return stream
    raise AssertionError("the stream ended")


async def broken(stream: openai.AsyncStream[ChatCompletionChunk], seconds: float = 5) -> openai.APIError:
    """The error that the stream ends in."""
    with pytest.raises(openai.APIError) as caught:
        async with asyncio.timeout(seconds):
            [chunk async for chunk in stream]
    return caught.value


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_worker_that_is_killed_in_mid_turn_is_an_error_and_the_next_turn_has_the_context(
    impatient: House, number: signal.Signals
) -> None:
    conversation, first, cut, second = new_id(), f"[[say one]] {tag()}", f"{ENDLESS} {tag()}", f"[[say two]] {tag()}"
    await say(impatient, conversation, first)
    worker = await impatient.until_idle(conversation)
    stream = await streaming(impatient, conversation, cut)
    os.kill(worker.pid, number)
    assert (await broken(stream)).code == "worker_lost"

    assert await say(impatient, conversation, second) == "two"
    assert said(impatient.asked(second)[-1].messages) == [("user", first), ("assistant", "one"), ("user", second)]
    assert (await impatient.until_idle(conversation)).pid != worker.pid
    assert impatient.of(worker.worker_id) == []


async def test_a_whole_answer_whose_worker_is_killed_is_an_error_with_a_status(impatient: House) -> None:
    conversation, text = new_id(), f"{ENDLESS} {tag()}"
    asking = asyncio.create_task(say(impatient, conversation, text))
    await impatient.until_asked(text, deltas=3)
    os.kill((await impatient.worker(conversation)).pid, signal.SIGKILL)
    with pytest.raises(openai.InternalServerError) as caught:
        async with asyncio.timeout(5):
            await asking
    assert (caught.value.status_code, caught.value.code) == (502, "worker_lost")


async def test_an_idle_worker_that_is_killed_costs_its_conversation_nothing(impatient: House) -> None:
    conversation, first, second = new_id(), f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    await say(impatient, conversation, first)
    worker = await impatient.until_idle(conversation)
    os.kill(worker.pid, signal.SIGKILL)
    await impatient.until_cold(conversation)
    assert await say(impatient, conversation, second) == "two"
    assert said(impatient.asked(second)[-1].messages) == [("user", first), ("assistant", "one"), ("user", second)]


async def test_a_worker_that_is_killed_right_before_a_turn_costs_the_turn_nothing(impatient: House) -> None:
    conversation, said_so_far = new_id(), []
    for number in range(6):
        text = f"[[say {number}]] {tag()}"
        assert await say(impatient, conversation, text) == str(number)
        said_so_far.append(("user", text))
        assert said(impatient.asked(text)[-1].messages) == said_so_far
        said_so_far.append(("assistant", str(number)))
        worker = await impatient.until_idle(conversation)
        os.kill(worker.pid, signal.SIGKILL)


async def test_a_worker_that_dies_with_the_prompt_unread_is_replaced_in_the_turn(impatient: House) -> None:
    conversation, first, second = new_id(), f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    await say(impatient, conversation, first)
    worker = await impatient.until_idle(conversation)
    os.kill(worker.pid, signal.SIGSTOP)
    asking = asyncio.create_task(say(impatient, conversation, second))
    async with asyncio.timeout(5):
        while (await impatient.worker(conversation)).state != pb.Worker.STATE_RUNNING:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)
    os.kill(worker.pid, signal.SIGKILL)
    assert await asking == "two"
    (heard,) = impatient.asked(second)
    assert said(heard.messages) == [("user", first), ("assistant", "one"), ("user", second)]


async def test_a_model_that_has_said_nothing_yet_is_asked_again_when_its_worker_dies(impatient: House) -> None:
    conversation, text = new_id(), f"[[ttft 400]] [[say at last]] {tag()}"
    asking = asyncio.create_task(say(impatient, conversation, text))
    await impatient.until_asked(text)
    os.kill((await impatient.worker(conversation)).pid, signal.SIGKILL)
    assert await asking == "at last"
    assert [said(heard.messages) for heard in impatient.asked(text)] == [[("user", text)]] * 2


async def test_a_stopped_worker_is_given_up_and_replaced(impatient: House) -> None:
    conversation, first, cut, second = new_id(), f"[[say one]] {tag()}", f"{ENDLESS} {tag()}", f"[[say two]] {tag()}"
    await say(impatient, conversation, first)
    worker = await impatient.until_idle(conversation)
    stream = await streaming(impatient, conversation, cut)
    os.kill(worker.pid, signal.SIGSTOP)
    assert (await broken(stream)).code == "upstream_timeout"
    await until(lambda: not alive(worker.pid), 10, "the worker is gone")

    assert await say(impatient, conversation, second) == "two"
    assert said(impatient.asked(second)[-1].messages)[:2] == [("user", first), ("assistant", "one")]
    assert (await impatient.until_idle(conversation)).pid != worker.pid


async def test_a_model_that_says_nothing_is_a_gateway_timeout(impatient: House) -> None:
    conversation, text, second = new_id(), f"[[hang]] [[say never]] {tag()}", f"[[say two]] {tag()}"
    started = time.monotonic()
    with pytest.raises(openai.InternalServerError) as caught:
        await say(impatient, conversation, text)
    assert (caught.value.status_code, caught.value.code) == (504, "upstream_timeout")
    assert time.monotonic() - started < 10
    await impatient.demo.wait_until(lambda: impatient.asked(text)[-1].client_gone, timeout=1)
    assert await say(impatient, conversation, second) == "two"


async def test_a_model_that_falls_silent_in_mid_answer_ends_the_stream_with_an_error(impatient: House) -> None:
    conversation, text = new_id(), f"[[hang after=5]] [[tokens 9]] {tag()}"
    stream = await streaming(impatient, conversation, text)
    assert (await broken(stream)).code == "upstream_timeout"
    await impatient.demo.wait_until(lambda: impatient.asked(text)[-1].client_gone, timeout=1)


async def test_a_tool_may_be_silent_for_longer_than_a_model(impatient: House) -> None:
    text = f'[[call Bash {{"command": "sleep 4; echo slept"}}]] [[then]] [[say done]] {tag()}'
    assert await say(impatient, new_id(), text, "claude-code") == "done"


@pytest.mark.parametrize("way", ["evicted", "killed"])
async def test_a_child_that_left_its_group_ends_with_its_worker(impatient: House, way: str) -> None:
    conversation = new_id()
    command = "setsid -f sleep 4321 </dev/null >/dev/null 2>&1; echo started"
    text = f'[[call Bash {{"command": "{command}"}}]] [[then]] [[say done]] {tag()}'
    settings = pb.ConversationSettings(
        profile="claude-code", permission_policy=pb.PermissionPolicy(allow_rules=["Bash"])
    )
    opening = pb.OpenConversation(conversation_id=conversation, settings=settings)
    async with asyncio.timeout(20), impatient.grpc.converse(opening) as talk:
        events = [event async for event in talk.ask(text)]
    assert events[-1].turn_completed.text == "done"
    worker = await impatient.until_idle(conversation)
    (child,) = [found for found in impatient.of(worker.worker_id) if found.command == "sleep 4321"]
    assert os.getsid(child.pid) != os.getsid(worker.pid)
    if way == "evicted":
        await impatient.http.delete(f"/conversations/{conversation}")
    else:
        os.kill(worker.pid, signal.SIGKILL)
    await until(lambda: not alive(worker.pid), 3, "the worker has ended")
    await until(lambda: not alive(child.pid), 1, "its child has ended")


async def test_a_worker_s_scratch_directory_goes_with_it(impatient: House) -> None:
    conversation = new_id()
    await say(impatient, conversation, f"[[say x]] {tag()}")
    worker = await impatient.until_idle(conversation)
    scratch = impatient.data_dir / "workers" / worker.worker_id
    await until(scratch.is_dir, 0, "it has a directory")
    os.kill(worker.pid, signal.SIGKILL)
    await until(lambda: not scratch.exists(), 3, "its directory is gone")
