"""What was answered is kept, whoever is killed: the worker, or the core with all of its workers."""

import pytest
from hotseat import HotseatError, pb

from tests.e2e.house import House, new_id, said, tag, user
from tests.faults.test_servers import AFTER_A_KILL_S, served_again

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def restarted(house: House) -> None:
    """Kill the core, and start another one on its port."""
    await house.core.kill()
    await house.until_no_process_is_left(AFTER_A_KILL_S)
    await house.start_core(house.core.address.rpartition(":")[2])
    await served_again(house)


async def test_a_history_without_an_id_goes_on_after_the_core_was_killed(house: House) -> None:
    first, second = f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    sdk = house.sdk.chat.completions
    one = await sdk.with_raw_response.create(model="claude", messages=[user(first)])
    await restarted(house)
    history = [user(first), {"role": "assistant", "content": "one"}, user(second)]
    two = await sdk.with_raw_response.create(model="claude", messages=history)
    assert two.headers["X-Conversation-ID"] == one.headers["X-Conversation-ID"]
    assert said(house.asked(second)[-1].messages) == [("user", first), ("assistant", "one"), ("user", second)]


async def test_an_agent_goes_on_with_its_tool_use_after_the_core_was_killed(house: House) -> None:
    conversation, text = new_id(), f"[[say on]] {tag()}"
    used = f'[[call Bash {{"command": "echo kept"}}]] [[then]] [[say done]] {tag()}'
    sdk = house.sdk.chat.completions
    await sdk.create(model=f"claude-code:{conversation}", messages=[user(used)])
    await restarted(house)
    await sdk.create(model=f"claude-code:{conversation}", messages=[user(text)])
    seen = str(house.asked(text)[-1].messages)
    assert "echo kept" in seen
    assert "tool_result" in seen


async def test_a_turn_cut_off_by_the_end_of_the_core_is_listed_as_failed(house: House) -> None:
    conversation, request_id, text = (
        new_id(),
        "6f1c2f6e-0d1c-4f5a-9d0e-3a5f0c1b2d3e",
        f"[[tokens 5000]] [[delay 10]] {tag()}",
    )
    opening = pb.OpenConversation(conversation_id=conversation, settings=pb.ConversationSettings(profile="claude"))

    async def talk() -> None:
        async with house.grpc.converse(opening) as talk:
            async for event in talk.ask(text, request_id=request_id):
                if event.HasField("text_delta") and house.core.process.returncode is None:
                    await house.core.kill()

    with pytest.raises(HotseatError):
        await talk()
    await house.until_no_process_is_left(AFTER_A_KILL_S)
    await house.start_core(house.core.address.rpartition(":")[2])
    await served_again(house)
    found = await house.grpc.get_conversation(conversation)
    assert (found.turn_count, found.state) == (1, pb.Conversation.STATE_COLD)
    again = f"[[say again]] {tag()}"
    await house.sdk.chat.completions.create(model=f"claude:{conversation}", messages=[user(again)])
    assert said(house.asked(again)[-1].messages) == [("user", again)]
