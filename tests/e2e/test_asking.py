"""Claude Code's own tools ask, and a client of the HTTP API decides."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.e2e.house import House, new_id, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASK = {"X-Hotseat-Permissions": "ask"}
TOUCH = '[[call Bash {"command": "touch made"}]] [[then]] [[say done]]'


@asynccontextmanager
async def talking(house: House, name: str, text: str, **headers: str) -> AsyncIterator[AsyncIterator[Any]]:
    """The chunks of an answer of Claude Code."""
    body = {"model": f"claude-code:{name}", "messages": [user(text)], "stream": True}
    async with house.http.stream("POST", "/v1/chat/completions", json=body, headers=headers) as response:
        assert response.status_code == 200

        async def chunks() -> AsyncIterator[Any]:
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line.removeprefix("data: "))

        yield chunks()


async def until(chunks: AsyncIterator[Any], name: str) -> Any:
    async for chunk in chunks:
        if name in chunk:
            assert chunk["choices"] == []
            return chunk[name]
    raise AssertionError(f"no {name} came")


async def rest(chunks: AsyncIterator[Any]) -> str:
    deltas = [choice["delta"].get("content") or "" async for chunk in chunks for choice in chunk["choices"]]
    return "".join(deltas)


async def decide(house: House, name: str, permission: str, **decision: Any) -> tuple[int, Any]:
    response = await house.http.post(f"/conversations/{name}/permissions/{permission}", json=decision)
    return response.status_code, response.json()


async def made(house: House, name: str) -> bool:
    """Whether the tool has run in the conversation's workspace; asking that needs no permission."""
    mark = tag()
    async with talking(house, name, f'[[call Bash {{"command": "ls -a"}}]] [[then]] [[say .]] {mark}') as chunks:
        await rest(chunks)
    return "made" in str(house.asked(mark)[-1].messages[-1])


async def test_a_question_is_told_and_its_answer_counts_once(house: House) -> None:
    name = new_id()
    async with asyncio.timeout(60), talking(house, name, f"{TOUCH} {tag()}", **ASK) as chunks:
        question = await until(chunks, "permission_request")
        assert (question["tool"], question["input"]) == ("Bash", {"command": "touch made"})
        assert (await house.http.get(f"/conversations/{name}")).json()["state"] == "requires_action"
        told = {"id": question["id"], "object": "permission.decided", "decision": "allow"}
        assert await decide(house, name, question["id"], decision="allow") == (200, told)
        assert await until(chunks, "permission_closed") == {"id": question["id"]}
        assert await rest(chunks) == "done"
    status, refused = await decide(house, name, question["id"], decision="allow")
    assert (status, refused["error"]["code"]) == (404, "nothing_pending")
    assert await made(house, name)


async def test_a_no_is_told_to_the_model(house: House) -> None:
    name, mark = new_id(), tag()
    async with asyncio.timeout(60), talking(house, name, f"{TOUCH} {mark}", **ASK) as chunks:
        question = await until(chunks, "permission_request")
        assert (await decide(house, name, question["id"], decision="deny", message="not on a Sunday"))[0] == 200
        assert await rest(chunks) == "done"
    assert "not on a Sunday" in str(house.asked(mark)[-1].messages)
    assert not await made(house, name)


async def test_other_clients_are_told_of_no_question_and_the_server_s_mode_decides(house: House) -> None:
    name = new_id()
    async with asyncio.timeout(60), talking(house, name, f"{TOUCH} {tag()}") as chunks:
        seen = [chunk async for chunk in chunks]
    assert not any("permission_request" in chunk or "permission_closed" in chunk for chunk in seen)
    assert not await made(house, name)


async def test_a_question_of_a_conversation_that_does_not_exist_is_not_found(house: House) -> None:
    status, refused = await decide(house, new_id(), "p1", decision="allow")
    assert (status, refused["error"]["code"]) == (404, "conversation_not_found")
