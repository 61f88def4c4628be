"""Responses that are kept: gone on from, fetched again, run in the background, stopped, replayed, forgotten."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.responses import Response

from tests.e2e.house import House, new_id, running, said, tag
from tests.e2e.test_responses import TIME, WEATHER, streamed
from tests.e2e.test_tools import blocks

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def told(house: House, **fields: Any) -> tuple[Response, str]:
    """A response, and how its process was had."""
    raw = await house.sdk.responses.with_raw_response.create(model="claude", **fields)
    return raw.parse(), raw.headers["x-hotseat-worker"]


async def ended(house: House, name: str, seconds: float = 20) -> Response:
    """The response once it has ended."""
    async with asyncio.timeout(seconds):
        while True:
            response = await house.sdk.responses.retrieve(name)
            if response.status not in ("queued", "in_progress"):
                return response
            await asyncio.sleep(0.02)


async def test_a_response_is_gone_on_from_on_the_hot_process(house: House) -> None:
    word = tag()
    first, _ = await told(house, input=f"[[say One.]] {word}", instructions="Be kind.")
    second, worker = await told(house, input="[[say Two.]]", previous_response_id=first.id, instructions="Be kind.")
    assert (second.output_text, worker, second.previous_response_id) == ("Two.", "hot", first.id)
    third, worker = await told(house, input="[[recall 1]]", previous_response_id=second.id, instructions="Be kind.")
    assert (word in third.output_text, worker) == (True, "hot")
    assert [role for role, _ in said(house.demo.main_requests[-1].messages)] == ["user", "assistant"] * 2 + ["user"]


async def test_an_older_response_is_branched_from_and_both_branches_go_on(house: House) -> None:
    root, _ = await told(house, input=f"[[say Root.]] {tag()}")
    left, _ = await told(house, input="[[say Left.]]", previous_response_id=root.id)
    right, _ = await told(house, input="[[say Right.]]", previous_response_id=root.id)
    await told(house, input="[[say More left.]]", previous_response_id=left.id)
    assert [text for _, text in said(house.demo.main_requests[-1].messages)][2:] == [
        "[[say Left.]]",
        "Left.",
        "[[say More left.]]",
    ]
    await told(house, input="[[say More right.]]", previous_response_id=right.id)
    assert [text for _, text in said(house.demo.main_requests[-1].messages)][1:] == [
        "Root.",
        "[[say Right.]]",
        "Right.",
        "[[say More right.]]",
    ]


async def test_two_follow_ups_at_once_know_nothing_of_each_other(house: House) -> None:
    word = tag()
    root, _ = await told(house, input=f"[[say Root.]] {word}")
    asking = [told(house, input=f"[[say Mine.]] {name} {word}", previous_response_id=root.id) for name in "abc"]
    await asyncio.gather(*asking)
    for name in "abc":
        (asked,) = house.asked(f"{name} {word}")
        assert [role for role, _ in said(asked.messages)] == ["user", "assistant", "user"]


async def test_instructions_are_not_carried_over(house: House) -> None:
    first, _ = await told(house, input=f"[[say One.]] {tag()}", instructions="Be a pirate.")
    await told(house, input="[[say Two.]]", previous_response_id=first.id)
    upstream = house.demo.main_requests[-1]
    assert "pirate" not in json.dumps((upstream.body or {})["system"])
    assert [role for role, _ in said(upstream.messages)] == ["user", "assistant", "user"]


async def test_function_outputs_answer_the_calls_of_the_response_before(house: House) -> None:
    tools = [WEATHER, TIME]
    text = f"[[call get_weather {{}}]] [[call get_time {{}}]] [[then]] {tag()}"
    first, _ = await told(house, input=text, tools=tools)
    calls: list[Any] = [item for item in first.output if item.type == "function_call"]
    outputs: list[Any] = [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"{call.name} it is"} for call in calls
    ]
    second, worker = await told(house, input=outputs, previous_response_id=first.id, tools=tools)
    assert worker == "hot"
    assert "get_weather it is" in second.output_text
    _, results = blocks(house.demo.main_requests[-1].messages)[-1]
    assert [block["tool_use_id"] for block in results] == [call.call_id for call in calls]


async def test_outputs_with_a_message_and_several_messages_are_said_in_order(house: House) -> None:
    word = tag()
    first, _ = await told(house, input=f"[[call get_weather {{}}]] {word}", tools=[WEATHER])
    (call,) = [item for item in first.output if item.type == "function_call"]
    answered: list[Any] = [
        {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny"},
        {"role": "user", "content": "Also this."},
        {"role": "assistant", "content": "I see."},
        {"role": "user", "content": "[[say Done.]]"},
    ]
    second, _ = await told(house, input=answered, previous_response_id=first.id, tools=[WEATHER])
    assert second.output_text == "Done."
    sent = blocks(house.demo.main_requests[-1].messages)
    kinds = [(role, block["type"]) for role, content in sent for block in content]
    assert kinds[:3] == [("user", "text"), ("assistant", "tool_use"), ("user", "tool_result")]
    assert [block["text"] for _, content in sent[2:] for block in content if block["type"] == "text"] == [
        "Also this.",
        "I see.",
        "[[say Done.]]",
    ]
    items = await house.sdk.responses.input_items.list(second.id, order="asc")
    assert [item.type for item in items.data] == ["function_call_output", "message", "message", "message"]


async def test_a_response_is_fetched_as_it_was_given(house: House) -> None:
    text = f'[[think Hm.]] [[say Look.]] [[call get_weather {{"city": "Oslo"}}]] {tag()}'
    fields: Any = {"tools": [WEATHER], "reasoning": {"summary": "auto"}, "metadata": {"a": "b"}, "temperature": 0.5}
    given, _ = await told(house, input=text, instructions="Be brief.", **fields)
    fetched = await house.sdk.responses.retrieve(given.id)
    assert [item.type for item in fetched.output] == ["reasoning", "message", "function_call"]
    assert fetched.model_dump(exclude={"completed_at"}) == given.model_dump(exclude={"completed_at"})
    # Streamed, it has the same items.
    events = await streamed(house, input=text, **fields)
    name = events[-1]["response"]["id"]
    assert (await house.sdk.responses.retrieve(name)).model_dump()["output"] == Response.model_validate(
        events[-1]["response"]
    ).model_dump()["output"]


async def test_input_items_are_listed_in_pages(house: House) -> None:
    sent: list[Any] = [
        {"role": "developer", "content": "Rules."},
        {"role": "user", "content": f"One {tag()}"},
        {"role": "assistant", "content": "Two"},
        {"role": "user", "content": "[[say Four.]]"},
    ]
    response, _ = await told(house, input=sent)
    page = await house.sdk.responses.input_items.list(response.id, order="asc", limit=3)
    data: list[Any] = list(page.data)
    assert [(item.role, item.content[0].text) for item in data][1:] == [
        ("user", sent[1]["content"]),
        ("assistant", "Two"),
    ]
    everything = [item async for item in await house.sdk.responses.input_items.list(response.id, limit=1)]
    assert [item.role for item in everything] == ["user", "assistant", "user", "developer"]  # type: ignore[union-attr]
    assert len({item.id for item in everything}) == 4


async def test_items_may_be_referred_to(house: House) -> None:
    text = f"[[think Hm.]] [[say Look.]] [[call get_weather {{}}]] {tag()}"
    first, _ = await told(house, input=text, tools=[WEATHER])
    asked = await house.sdk.responses.input_items.list(first.id)
    names = [item.id for item in (*asked.data, *first.output)]
    references: list[Any] = [{"type": "item_reference", "id": name} for name in names]
    call_id = first.output[-1].call_id  # type: ignore[union-attr]
    outputs: list[Any] = [{"type": "function_call_output", "call_id": call_id, "output": "Sun"}]
    second, worker = await told(house, input=[*references, *outputs], tools=[WEATHER])
    assert ("Sun" in second.output_text, worker) == (True, "hot")
    with pytest.raises(openai.NotFoundError) as refused:
        await told(house, input=[{"type": "item_reference", "id": "msg_nope"}])
    assert refused.value.param == "input[0].id"


async def test_what_was_not_kept_or_is_forgotten_is_not_found(house: House) -> None:
    unkept, _ = await told(house, input=f"[[say One.]] {tag()}", store=False)
    forgotten, _ = await told(house, input=f"[[say One.]] {tag()}")
    await house.sdk.responses.delete(forgotten.id)
    for name in (unkept.id, forgotten.id, "resp_nope", f"resp_{'0' * 32}"):
        with pytest.raises(openai.NotFoundError):
            await house.sdk.responses.retrieve(name)
        with pytest.raises(openai.NotFoundError) as refused:
            await told(house, input="And?", previous_response_id=name)
        assert (refused.value.code, refused.value.param) == ("previous_response_not_found", "previous_response_id")
        for going in (house.sdk.responses.delete, house.sdk.responses.cancel, house.sdk.responses.input_items.list):
            with pytest.raises(openai.NotFoundError):
                await going(name)


async def test_a_response_goes_on_after_kills_of_its_process_and_of_the_core(tmp_path: Path) -> None:
    async with running(tmp_path, POOL_SIZE="2", HOTSEAT_WARM_WORKERS="1") as house:
        word = tag()
        first, _ = await told(house, input=f"[[say One.]] {word}")
        ((conversation, worker),) = (await house.workers()).items()
        os.kill(worker.pid, signal.SIGKILL)
        await house.until_cold(conversation)
        second, source = await told(house, input="[[say Two.]]", previous_response_id=first.id)
        assert (second.output_text, source == "hot") == ("Two.", False)
        port = house.core.address.rpartition(":")[2]
        await house.core.kill()
        await house.start_core(port)
        third, _ = await told(house, input="[[recall 1]]", previous_response_id=second.id)
        assert word in third.output_text
        again = await house.sdk.responses.retrieve(first.id)
        assert again.output_text == "One."


# ---- in the background


async def test_a_response_in_the_background_is_polled_until_it_has_ended(house: House) -> None:
    text = f"[[tokens 20]] [[delay 20]] {tag()}"
    response = await house.sdk.responses.create(model="claude", input=text, background=True)
    assert (response.status, response.background) == ("in_progress", True)
    done = await ended(house, response.id)
    assert (done.status, done.output_text.split()[-1]) == ("completed", "w19")


async def test_a_response_in_the_background_is_stopped(house: House) -> None:
    response = await house.sdk.responses.create(
        model="claude", input=f"[[tokens 5]] [[hang after=3]] {tag()}", background=True
    )
    stopped = await house.sdk.responses.cancel(response.id)
    assert stopped.status == "cancelled"
    assert (await house.sdk.responses.cancel(response.id)).status == "cancelled"
    plain, _ = await told(house, input=f"[[say One.]] {tag()}")
    with pytest.raises(openai.BadRequestError):
        await house.sdk.responses.cancel(plain.id)


async def test_one_that_fails_in_the_background_says_why(house: House) -> None:
    response = await house.sdk.responses.create(model="claude", input=f"[[error 400]] {tag()}", background=True)
    failed = await ended(house, response.id)
    assert failed.status == "failed"
    assert failed.error is not None
    assert (failed.error.code, bool(failed.error.message)) == ("invalid_prompt", True)


async def test_a_broken_stream_is_taken_up_where_it_was(house: House) -> None:
    text = f"[[tokens 12]] [[delay 30]] {tag()}"
    seen: list[Any] = []
    stream = await house.sdk.responses.create(model="claude", input=text, background=True, stream=True)
    async for event in stream:
        seen.append(event)
        if event.type == "response.output_text.delta":
            break
    await stream.close()
    name, after = seen[0].response.id, seen[-1].sequence_number
    rest = [event async for event in await house.sdk.responses.retrieve(name, stream=True, starting_after=after)]
    numbers = [event.sequence_number for event in [*seen, *rest]]
    assert numbers == list(range(len(numbers)))
    deltas = [event.delta for event in [*seen, *rest] if event.type == "response.output_text.delta"]
    assert "".join(deltas) == rest[-1].response.output_text  # type: ignore[union-attr]
    again = [event async for event in await house.sdk.responses.retrieve(name, stream=True)]
    assert [event.sequence_number for event in again] == numbers


async def test_one_that_waits_for_a_process_is_queued_until_it_has_one_or_is_stopped(tmp_path: Path) -> None:
    async with running(tmp_path, POOL_SIZE="1") as house:
        busy = await house.sdk.responses.create(model="claude", input="[[hang after=0]]", background=True)
        await house.until_asked("[[hang after=0]]", seconds=20)
        waits = [
            await house.sdk.responses.create(model="claude", input=f"[[say {word}.]]", background=True)
            for word in ("Never", "Later")
        ]
        assert [response.status for response in waits] == ["queued", "queued"]
        assert (await house.sdk.responses.retrieve(waits[1].id)).status == "queued"
        assert (await house.sdk.responses.cancel(waits[0].id)).status == "cancelled"
        events = asyncio.create_task(_events(house, waits[1].id))
        assert (await house.sdk.responses.cancel(busy.id)).status == "cancelled"
        assert (await events)[-1] == "response.completed"
        assert (await ended(house, waits[1].id)).output_text == "Later."
        assert house.asked("Never") == []


async def _events(house: House, name: str) -> list[str]:
    return [event.type async for event in await house.sdk.responses.retrieve(name, stream=True)]


# ---- one conversation, whichever door


async def test_chat_responses_and_grpc_speak_in_one_conversation(house: House) -> None:
    conversation = new_id()
    await house.sdk.chat.completions.create(
        model=f"claude:{conversation}", messages=[{"role": "user", "content": "[[say One.]]"}]
    )
    response, worker = await told(house, input="[[say Two.]]", conversation=conversation)
    assert (worker, response.conversation and response.conversation.id) == ("hot", conversation)
    listed = await house.grpc.list_messages(conversation)
    assert [message.content[0].text for message in listed.messages][1::2] == ["One.", "Two."]
    answer = await house.sdk.chat.completions.create(
        model=f"claude:{conversation}", messages=[{"role": "user", "content": "[[recall 2]]"}]
    )
    assert answer.choices[0].message.content == "[[say Two.]]"
