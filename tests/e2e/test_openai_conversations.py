"""/v1/conversations: made ahead, spoken in by responses and chats, read and added to."""

from typing import Any

import openai
import pytest
from openai.types.conversations import Conversation, ConversationItemList

from tests.e2e.house import House, said, tag, user
from tests.e2e.test_responses import WEATHER

pytestmark = pytest.mark.asyncio(loop_scope="session")


def item(role: str, text: str) -> Any:
    """A message, as an item."""
    return {"type": "message", "role": role, "content": text}


async def texts(house: House, name: str) -> list[str]:
    """What was said in the conversation, oldest first."""
    listed = await house.sdk.conversations.items.list(name, order="asc", limit=100)
    ConversationItemList.model_validate_json(
        (await house.http.get(f"/v1/conversations/{name}/items")).content, strict=True
    )
    messages: list[Any] = [found for found in listed.data if found.type == "message"]
    return [message.content[0].text for message in messages]


async def test_responses_and_chats_speak_in_a_conversation_that_was_made_ahead(house: House) -> None:
    made = await house.sdk.conversations.create(
        metadata={"a": "b"}, items=[item("user", f"First. {tag()}"), item("assistant", "Second.")]
    )
    Conversation.model_validate_json(made.model_dump_json(), strict=True)
    response = await house.sdk.responses.create(model="claude", conversation=made.id, input="[[say Fourth.]]")
    assert response.conversation is not None
    assert (response.output_text, response.conversation.id) == ("Fourth.", made.id)
    assert [role for role, _ in said(house.demo.main_requests[-1].messages)] == ["user", "assistant", "user"]
    chat = await house.sdk.chat.completions.create(model=f"claude:{made.id}", messages=[user("[[say Sixth.]]")])
    assert chat.choices[0].message.content == "Sixth."
    assert (await texts(house, made.id))[1:] == ["Second.", "[[say Fourth.]]", "Fourth.", "[[say Sixth.]]", "Sixth."]
    assert (await house.sdk.conversations.retrieve(made.id)).metadata == {"a": "b"}


async def test_an_empty_one_takes_the_model_of_its_first_response(house: House) -> None:
    made = await house.sdk.conversations.create()
    response = await house.sdk.responses.create(model="claude", conversation={"id": made.id}, input="[[say One.]]")
    assert response.output_text == "One."
    assert await texts(house, made.id) == ["[[say One.]]", "One."]


async def test_items_are_added_and_answer_calls_and_the_model_hears_them(house: House) -> None:
    made = await house.sdk.conversations.create()
    first = await house.sdk.responses.create(
        model="claude", conversation=made.id, input=f"[[call get_weather {{}}]] {tag()}", tools=[WEATHER]
    )
    (call,) = [found for found in first.output if found.type == "function_call"]
    added = await house.sdk.conversations.items.create(
        made.id,
        items=[
            {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny"},
            item("user", "Between."),
            item("assistant", "Heard."),
        ],
    )
    assert [found.type for found in added.data] == ["function_call_output", "message", "message"]
    await house.sdk.responses.create(model="claude", conversation=made.id, input="[[say Done.]]", tools=[WEATHER])
    sent = [text for _, text in said(house.demo.main_requests[-1].messages)]
    assert sent[-3:] == ["Between.", "Heard.", "[[say Done.]]"]
    one = await house.sdk.conversations.items.retrieve(added.data[1].id or "", conversation_id=made.id)
    assert one.model_dump() == added.data[1].model_dump()


async def test_items_are_paged_in_either_order(house: House) -> None:
    made = await house.sdk.conversations.create(items=[item("user", f"{number}") for number in range(5)])
    latest = [found async for found in await house.sdk.conversations.items.list(made.id, limit=2)]
    first: list[Any] = [
        found async for found in await house.sdk.conversations.items.list(made.id, order="asc", limit=2)
    ]
    assert [found.id for found in latest] == [found.id for found in first[::-1]]
    assert [found.content[0].text for found in first] == ["0", "1", "2", "3", "4"]
    assert len({found.id for found in first}) == 5


async def test_it_is_marked_anew_and_deleted_and_what_is_gone_is_not_found(house: House) -> None:
    made = await house.sdk.conversations.create(metadata={"a": "b"}, items=[item("user", "One.")])
    updated = await house.sdk.conversations.update(made.id, metadata={"c": "d"})
    assert (updated.metadata, updated.created_at) == ({"c": "d"}, made.created_at)
    (only,) = (await house.sdk.conversations.items.list(made.id)).data
    with pytest.raises(openai.BadRequestError) as refused:
        await house.sdk.conversations.items.delete(only.id or "", conversation_id=made.id)
    assert (refused.value.code, refused.value.param) == ("items_are_permanent", "item_id")
    assert "previous_response_id" in refused.value.message
    with pytest.raises(openai.NotFoundError):
        await house.sdk.conversations.items.retrieve("msg_nope", conversation_id=made.id)
    assert (await house.sdk.conversations.delete(made.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await house.sdk.conversations.retrieve(made.id)
    with pytest.raises(openai.NotFoundError):
        await house.sdk.responses.create(model="claude", conversation=made.id, input="Hello?")
    with pytest.raises(openai.BadRequestError) as instructed:
        await house.sdk.conversations.create(items=[item("system", "Rules.")])
    assert instructed.value.param == "items[0].role"
