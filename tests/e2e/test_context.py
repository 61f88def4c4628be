"""What the model gets to see: true roles, the whole conversation, and exactly what the client says it was."""

import asyncio

import pytest

from tests.e2e.house import House, assistant, new_id, said, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROFILES = pytest.mark.parametrize("model", ["claude", "claude-code"])


def in_conversation(conversation: str) -> dict[str, str]:
    return {"X-Conversation-ID": conversation}


@PROFILES
async def test_two_requests_of_one_conversation_are_one_session_on_one_process(house: House, model: str) -> None:
    conversation, first, second = new_id(), f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    await house.sdk.chat.completions.create(
        model=model, messages=[user(first)], extra_headers=in_conversation(conversation)
    )
    worker = await house.until_idle(conversation)
    answer = await house.sdk.chat.completions.create(
        model=model, messages=[user(second)], extra_headers=in_conversation(conversation)
    )

    assert answer.choices[0].message.content == "two"
    assert said(house.asked(second)[-1].messages) == [("user", first), ("assistant", "one"), ("user", second)]
    assert (await house.until_idle(conversation)).pid == worker.pid


async def test_the_model_s_name_names_a_conversation(house: House) -> None:
    conversation, first, second = new_id(), f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    for text in (first, second):
        await house.sdk.chat.completions.create(model=f"claude-code:{conversation}", messages=[user(text)])

    assert said(house.asked(second)[-1].messages) == [("user", first), ("assistant", "one"), ("user", second)]
    assert (await house.grpc.get_conversation(conversation)).turn_count == 2


async def test_the_conversation_in_the_answer_s_header_can_be_gone_on_with(house: House) -> None:
    first, second = f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    raw = await house.sdk.chat.completions.with_raw_response.create(model="claude", messages=[user(first)])
    made = raw.headers["X-Conversation-ID"]
    again = await house.sdk.chat.completions.with_raw_response.create(
        model="claude", messages=[user(second)], extra_headers=in_conversation(made)
    )

    assert again.headers["X-Conversation-ID"] == made
    assert said(house.asked(second)[-1].messages) == [("user", first), ("assistant", "one"), ("user", second)]


@PROFILES
async def test_a_history_without_a_conversation_reaches_the_model_in_true_roles(house: House, model: str) -> None:
    history = [("user", "Ada is my name"), ("assistant", "Hello Ada"), ("user", "I am 36"), ("assistant", "Noted")]
    last = f"[[say ok]] {tag()}"
    messages = [(user if role == "user" else assistant)(text) for role, text in history]
    await house.sdk.chat.completions.create(model=model, messages=[*messages, user(last)])

    assert said(house.asked(last)[-1].messages) == [*history, ("user", last)]


async def test_a_growing_history_is_served_turn_by_turn(house: House) -> None:
    messages, expected, conversation = [], [], new_id()
    for number in range(4):
        text = f"[[say answer {number}]] {tag()}"
        messages.append(user(text))
        answer = await house.sdk.chat.completions.create(
            model="claude", messages=messages, extra_headers=in_conversation(conversation)
        )
        expected.append(("user", text))
        assert said(house.asked(text)[-1].messages) == expected
        content = answer.choices[0].message.content or ""
        messages.append(assistant(content))
        expected.append(("assistant", content))
    pids = {worker.pid for name, worker in (await house.workers()).items() if name == conversation}
    assert len(pids) == 1


@PROFILES
async def test_an_edited_history_is_what_the_model_sees(house: House, model: str) -> None:
    conversation, first, second = new_id(), f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    for text in (first, second):
        await house.sdk.chat.completions.create(
            model=model, messages=[user(text)], extra_headers=in_conversation(conversation)
        )
    worker = await house.until_idle(conversation)
    third = f"[[say three]] {tag()}"
    edited = [user(first), assistant("ONE, edited"), user("and something that was never said"), assistant("indeed")]
    await house.sdk.chat.completions.create(
        model=model, messages=[*edited, user(third)], extra_headers=in_conversation(conversation)
    )

    assert said(house.asked(third)[-1].messages) == [
        ("user", first),
        ("assistant", "ONE, edited"),
        ("user", "and something that was never said"),
        ("assistant", "indeed"),
        ("user", third),
    ]
    assert (await house.until_idle(conversation)).pid == worker.pid


async def test_a_regenerated_answer_replaces_the_first_one(house: House) -> None:
    conversation, first, second = new_id(), f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    await house.sdk.chat.completions.create(
        model="claude", messages=[user(first)], extra_headers=in_conversation(conversation)
    )
    asked = [user(first), assistant("one"), user(second)]
    for _ in range(2):
        await house.sdk.chat.completions.create(
            model="claude", messages=asked, extra_headers=in_conversation(conversation)
        )
    expected = [("user", first), ("assistant", "one"), ("user", second)]
    assert [said(request.messages) for request in house.asked(second)] == [expected, expected]


@PROFILES
async def test_an_evicted_conversation_goes_on_with_its_whole_context(house: House, model: str) -> None:
    conversation, first, second = new_id(), f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    await house.sdk.chat.completions.create(
        model=model, messages=[user(first)], extra_headers=in_conversation(conversation)
    )
    worker = await house.until_idle(conversation)
    gone = (await house.http.delete(f"/conversations/{conversation}")).json()
    assert gone == {"id": conversation, "object": "conversation.evicted", "deleted": False, "evicted": True}
    cold = (await house.http.get(f"/conversations/{conversation}")).json()
    assert (cold["state"], cold["worker_id"], cold["turn_count"]) == ("cold", None, 1)
    await house.sdk.chat.completions.create(
        model=model, messages=[user(second)], extra_headers=in_conversation(conversation)
    )

    assert said(house.asked(second)[-1].messages) == [("user", first), ("assistant", "one"), ("user", second)]
    assert (await house.until_idle(conversation)).worker_id != worker.worker_id


async def test_a_conversation_evicted_to_make_room_goes_on_with_its_whole_context(house: House) -> None:
    conversation, first, second = new_id(), f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    await house.sdk.chat.completions.create(
        model="claude", messages=[user(first)], extra_headers=in_conversation(conversation)
    )
    others = [new_id() for _ in range(4)]  # as many as there may be workers
    for other in others:
        await house.sdk.chat.completions.create(
            model="claude", messages=[user(f"[[say x]] {tag()}")], extra_headers=in_conversation(other)
        )
    assert conversation not in await house.workers()
    await house.sdk.chat.completions.create(
        model="claude", messages=[user(second)], extra_headers=in_conversation(conversation)
    )
    assert said(house.asked(second)[-1].messages) == [("user", first), ("assistant", "one"), ("user", second)]


async def test_a_purged_conversation_is_forgotten(house: House) -> None:
    conversation, first, second = new_id(), f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    await house.sdk.chat.completions.create(
        model="claude", messages=[user(first)], extra_headers=in_conversation(conversation)
    )
    assert (await house.http.delete(f"/conversations/{conversation}?purge=true")).json()["deleted"] is True
    assert (await house.http.get(f"/conversations/{conversation}")).status_code == 404
    await house.sdk.chat.completions.create(
        model="claude", messages=[user(second)], extra_headers=in_conversation(conversation)
    )
    assert said(house.asked(second)[-1].messages) == [("user", second)]


async def test_two_requests_at_once_on_one_conversation_are_answered_one_after_another(house: House) -> None:
    conversation = new_id()
    texts = [f"[[tokens 20]] [[delay 5]] {tag()}" for _ in range(2)]
    await asyncio.gather(
        *(
            house.sdk.chat.completions.create(
                model="claude", messages=[user(text)], extra_headers=in_conversation(conversation)
            )
            for text in texts
        )
    )
    first, second = sorted((house.asked(text)[-1] for text in texts), key=lambda request: request.at)
    assert first.ended_at is not None
    assert first.ended_at <= second.at
    assert len(said(second.messages)) == 3


async def test_an_agent_s_files_stay_with_its_conversation_across_eviction(house: House) -> None:
    conversation = new_id()
    write = '[[call Write {"file_path": "note.txt", "content": "plum"}]]'
    opening = {"X-Conversation-ID": conversation}
    # Writing needs a permission that nobody can give over HTTP; reading what is not there fails, and says so.
    denied = await house.sdk.chat.completions.create(
        model="claude-code", messages=[user(f"{write} [[then]] [[say done]] {tag()}")], extra_headers=opening
    )
    assert denied.choices[0].message.content == "done"
    before = await where(house, conversation)
    await house.http.delete(f"/conversations/{conversation}")
    assert await where(house, conversation) == before


async def where(house: House, conversation: str) -> str:
    """The directory that the agent's shell is in."""
    word = tag()
    await house.sdk.chat.completions.create(
        model="claude-code",
        messages=[user(f'[[call Bash {{"command": "pwd"}}]] [[then]] [[say done]] {word}')],
        extra_headers=in_conversation(conversation),
    )
    *_, result = [
        block
        for message in house.asked(word)[-1].messages
        for block in message["content"]
        if isinstance(block, dict) and block["type"] == "tool_result"
    ]
    assert not result.get("is_error"), result
    return str(result["content"])
