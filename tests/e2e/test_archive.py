"""Conversations that move to another server, are read back over HTTP, and go when nobody uses them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hotseat import pb

from tests.e2e.house import House, assistant, new_id, running, said, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ask(house: House, conversation: str, text: str, model: str = "claude") -> str:
    answer = await house.sdk.chat.completions.create(
        model=model, messages=[user(text)], extra_headers={"X-Conversation-ID": conversation}
    )
    return answer.choices[0].message.content or ""


async def exported(house: House, conversation: str) -> bytes:
    return b"".join([piece async for piece in house.grpc.export_conversation(conversation)])


def blocks(messages: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """What the model got, block by block, without the marks of its cache and the client's reminders."""
    found: list[tuple[str, Any]] = []
    for message in messages:
        content = message["content"] if isinstance(message["content"], list) else [text_block(message["content"])]
        kept = [{name: block[name] for name in block if name != "cache_control"} for block in content]
        found += [(message["role"], block) for block in kept if not is_reminder(message, block)]
    return found


def is_reminder(message: dict[str, Any], block: dict[str, Any]) -> bool:
    return message["role"] == "system" or str(block.get("text", "")).startswith("<system-reminder>")


def text_block(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


async def test_an_agents_conversation_goes_on_on_another_core_and_after_that_was_killed(
    house: House, tmp_path: Path
) -> None:
    conversation, word = new_id(), tag()
    await ask(
        house, conversation, f'[[call Bash {{"command": "echo plum"}}]] [[then]] [[say done]] {word}', "claude-code"
    )
    again = f"[[say again]] {tag()}"
    await ask(house, conversation, again, "claude-code")
    kept = await exported(house, conversation)
    heard = blocks(house.asked(again)[-1].messages)
    assert [block["type"] for _, block in heard] == ["text", "tool_use", "tool_result", "text", "text"]

    async with running(tmp_path, POOL_SIZE="1", HOTSEAT_WARM_WORKERS="0") as other:
        made = await other.grpc.import_conversation(kept)
        assert (made.conversation_id, made.turn_count) == (conversation, 2)
        await other.core.kill()
        await other.start_core(other.core.address.rpartition(":")[2])
        await until_there(other, conversation)
        last = f"[[say last]] {tag()}"
        assert await ask(other, conversation, last, "claude-code") == "last"
        expected = [*heard, ("assistant", text_block("again")), ("user", text_block(last))]
        assert blocks(other.asked(last)[-1].messages) == expected
        assert (await other.grpc.get_conversation(conversation)).turn_count == 3


async def until_there(house: House, conversation: str) -> None:
    """Return once the edge reaches the core again."""
    async with asyncio.timeout(10):
        while (await house.http.get(f"/conversations/{conversation}")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_what_was_said_is_read_back_as_a_client_would_send_it(house: House) -> None:
    conversation, first, second = new_id(), f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    for text in (first, second):
        await ask(house, conversation, text)
    found = (await house.http.get(f"/conversations/{conversation}")).json()
    data = found["messages"]["data"]
    assert [(message["role"], message["content"], message["turn"], message["outcome"]) for message in data] == [
        ("user", first, 1, "succeeded"),
        ("assistant", "one", 1, "succeeded"),
        ("user", second, 2, "succeeded"),
        ("assistant", "two", 2, "succeeded"),
    ]
    assert found["expires_at"] - found["updated_at"] == 30 * 86400

    last = f"[[say three]] {tag()}"
    sent = [{"role": message["role"], "content": message["content"]} for message in data]
    await house.sdk.chat.completions.create(model="claude", messages=[*sent, user(last)])  # type: ignore[list-item]
    assert said(house.asked(last)[-1].messages) == [
        ("user", first), ("assistant", "one"), ("user", second), ("assistant", "two"), ("user", last),
    ]  # fmt: skip


async def test_purging_while_a_turn_runs_takes_force_and_happens_once(house: House) -> None:
    conversation, text = new_id(), f"[[tokens 5000]] [[delay 10]] {tag()}"
    asking = asyncio.create_task(ask(house, conversation, text))
    await house.until_asked(text, deltas=2)
    url = f"/conversations/{conversation}?purge=true"
    refused = await house.http.delete(url)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conversation_busy")
    purged = await house.http.delete(f"{url}&force=true")
    assert (purged.status_code, purged.json()["deleted"], purged.json()["evicted"]) == (200, True, True)
    again = await house.http.delete(f"{url}&force=true")
    assert (again.status_code, again.json()["error"]["code"]) == (404, "conversation_not_found")
    assert isinstance((await asyncio.gather(asking, return_exceptions=True))[0], Exception)
    assert conversation not in await house.workers()


async def test_conversations_go_when_nobody_uses_them_and_a_history_still_goes_on(tmp_path: Path) -> None:
    settings = {"HOTSEAT_RETENTION_MS": "1000", "HOTSEAT_TRANSIENT_RETENTION_MS": "300"}
    async with running(tmp_path, POOL_SIZE="2", HOTSEAT_WARM_WORKERS="0", **settings) as house:
        conversation, first = new_id(), f"[[say one]] {tag()}"
        await ask(house, conversation, first, "claude-code")
        await house.sdk.chat.completions.create(model="claude", messages=[user(first)])
        async with asyncio.timeout(10):
            while await listed(house):  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.02)
        assert list((house.data_dir / "workspaces").iterdir()) == []
        assert await house.workers() == {}
        last = f"[[say two]] {tag()}"
        await house.sdk.chat.completions.create(model="claude", messages=[user(first), assistant("one"), user(last)])
        assert said(house.asked(last)[-1].messages) == [("user", first), ("assistant", "one"), ("user", last)]


async def listed(house: House) -> list[str]:
    page: pb.ListConversationsResponse = await house.grpc.list_conversations()
    return [found.conversation_id for found in page.conversations]
