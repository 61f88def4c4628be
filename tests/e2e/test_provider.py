"""What the proxy knows of the provider reaches the turn, though the CLI does not tell."""

import asyncio
import socket
from pathlib import Path

import openai
import pytest
from hotseat import pb

from tests.e2e.house import House, new_id, running, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_turn_that_is_interrupted_has_used_what_the_provider_counted(house: House) -> None:
    text = f"[[usage in=700 cr=30 cw=20]] [[delay 20]] [[tokens 500]] {tag()}"
    opening = pb.OpenConversation(conversation_id=new_id(), settings=pb.ConversationSettings(profile="claude"))
    async with asyncio.timeout(30), house.grpc.converse(opening) as talk:
        completed = None
        async for event in talk.ask(text):
            if event.HasField("text_delta") and "w5" in event.text_delta.text:
                await talk.interrupt()
            if event.HasField("turn_completed"):
                completed = event.turn_completed
        assert completed is not None
        assert completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED
        usage = completed.usage
        assert (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens) == (700, 30, 20)
        assert 5 <= usage.output_tokens < 500
        following = [event async for event in talk.ask(f"[[usage in=7 out=3]] [[say fine]] {tag()}")]
        usage = following[-1].turn_completed.usage
        assert (usage.input_tokens, usage.output_tokens) == (7, 3)


@pytest.mark.parametrize(("status", "answered"), [(429, 429), (529, 503), (500, 502)])
async def test_when_to_come_back_is_what_the_provider_said(house: House, status: int, answered: int) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        await house.sdk.chat.completions.create(
            model=f"claude:{new_id()}", messages=[user(f"[[error {status} ra=1234]] {tag()}")]
        )
    assert caught.value.status_code == answered
    assert 1200 < int(caught.value.response.headers["Retry-After"]) <= 1234


async def test_a_provider_that_can_not_be_reached_is_said_so_and_why(tmp_path: Path) -> None:
    with socket.socket() as nobody:  # bound, and not listening
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        async with running(tmp_path, POOL_SIZE="1", HOTSEAT_WARM_WORKERS="0", ANTHROPIC_BASE_URL=url) as house:
            with pytest.raises(openai.APIStatusError) as caught:
                await house.sdk.chat.completions.create(model="claude", messages=[user("hello")])
    assert caught.value.status_code == 502
    assert "could not be reached: 127.0.0.1: " in caught.value.message
    assert "efused" in caught.value.message
