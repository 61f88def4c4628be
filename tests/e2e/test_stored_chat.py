"""Chat completions that are kept: found again, marked, read, forgotten."""

from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion

from tests.e2e.house import House, tag, user
from tests.e2e.test_tools import WEATHER

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def kept(house: House, text: str, *before: Any, **fields: Any) -> ChatCompletion:
    """A completion that is kept."""
    made: ChatCompletion = await house.sdk.chat.completions.create(
        model="claude", messages=[*before, user(text)], store=True, **fields
    )
    return made


async def test_a_completion_is_fetched_as_it_was_given_and_its_messages_too(house: House) -> None:
    system: Any = {"role": "system", "content": "Be brief."}
    text = f'[[think Hm.]] [[say Look.]] [[call get_weather {{"city": "Oslo"}}]] {tag()}'
    made = await kept(house, text, system, tools=[WEATHER], metadata={"a": "b"}, temperature=0.5)
    found = await house.sdk.chat.completions.retrieve(made.id)
    ChatCompletion.model_validate_json(found.model_dump_json(), strict=True)
    assert found.choices[0].model_dump() == made.choices[0].model_dump()
    assert (found.usage, found.created, found.model) == (made.usage, made.created, made.model)
    assert (found.metadata, found.model_extra and found.model_extra["temperature"]) == ({"a": "b"}, 0.5)
    messages = await house.sdk.chat.completions.messages.list(made.id)
    assert [(message.role, message.content) for message in messages.data] == [
        ("system", "Be brief."),
        ("user", text),
    ]


async def test_a_streamed_one_is_kept_under_the_id_of_its_chunks(house: House) -> None:
    stream = await house.sdk.chat.completions.create(
        model="claude", messages=[user(f"[[say Streamed.]] {tag()}")], store=True, stream=True
    )
    ids = {chunk.id async for chunk in stream}
    (name,) = ids
    assert (await house.sdk.chat.completions.retrieve(name)).choices[0].message.content == "Streamed."


async def test_they_are_listed_by_metadata_in_pages_and_either_order(house: House) -> None:
    mark = {"mark": tag()}
    made = [(await kept(house, f"[[say {number}]]", metadata=mark)).id for number in range(3)]
    await kept(house, "[[say other]]")

    async def listed(**query: Any) -> list[str]:
        return [found.id async for found in await house.sdk.chat.completions.list(metadata=mark, **query)]

    assert await listed() == made
    assert await listed(limit=1) == made
    assert await listed(order="desc", limit=2) == made[::-1]
    assert await listed(model="claude") == made
    assert await listed(model="claude-code") == []
    assert await listed(after=made[1]) == made[2:]


async def test_one_is_marked_anew_and_forgotten(house: House) -> None:
    made = await kept(house, f"[[say One.]] {tag()}", metadata={"a": "b"})
    updated = await house.sdk.chat.completions.update(made.id, metadata={"c": "d"})
    assert updated.metadata == {"c": "d"}
    assert (await house.sdk.chat.completions.retrieve(made.id)).metadata == {"c": "d"}
    assert (await house.sdk.chat.completions.delete(made.id)).deleted
    unkept = await house.sdk.chat.completions.create(model="claude", messages=[user(f"[[say One.]] {tag()}")])
    failed = f"[[error 400]] {tag()}"
    with pytest.raises(openai.BadRequestError):
        await kept(house, failed, metadata={"failed": "yes"})
    assert (await house.sdk.chat.completions.list(metadata={"failed": "yes"})).data == []
    for name in (made.id, unkept.id, "chatcmpl-nope"):
        with pytest.raises(openai.NotFoundError):
            await house.sdk.chat.completions.retrieve(name)
    response = await house.sdk.responses.create(model="claude", input=f"[[say One.]] {tag()}")
    with pytest.raises(openai.NotFoundError):
        await house.sdk.chat.completions.retrieve(response.id.replace("resp_", "chatcmpl-"))


async def test_metadata_without_store_has_no_effect_and_is_named(house: House) -> None:
    raw = await house.sdk.chat.completions.with_raw_response.create(
        model="claude", messages=[user(f"[[say One.]] {tag()}")], metadata={"a": "b"}
    )
    assert raw.headers["x-ignored-params"] == "metadata"
