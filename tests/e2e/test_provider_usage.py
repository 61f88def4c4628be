"""What a turn that was cut has used is not lost."""

import asyncio

import pytest
from hotseat import pb

from tests.e2e.house import House, new_id, tag

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
