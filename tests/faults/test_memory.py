"""What was answered is kept, whoever is killed: the worker, or the core with all of its workers."""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest
from hotseat import HotseatError, pb

from tests.e2e.house import House, new_id, running, said, tag, user
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
                if event.HasField("text_delta"):
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


async def test_nothing_acknowledged_is_lost_and_nothing_is_said_twice_while_workers_and_cores_die(
    tmp_path: Path,
) -> None:
    """Three talkers, six kills at random moments; each talker's answers are what its next question's history holds."""
    chance = random.Random(20261122)
    async with running(tmp_path, POOL_SIZE="3", HOTSEAT_WARM_WORKERS="0") as house:
        talkers = [Talker(house) for _ in range(3)]
        async with asyncio.timeout(50):
            talking = asyncio.gather(*(talker.talk(6) for talker in talkers))
            for number in range(6):
                await asyncio.sleep(chance.uniform(0.2, 1.2))
                if number % 3 == 2:
                    await restarted(house)
                elif workers := list((await house.workers()).values()):
                    os.kill(chance.choice(workers).pid, signal.SIGKILL)
            await talking
        for talker in talkers:
            assert talker.mismatches == []


class Talker:
    """Talks in a conversation of its own, and asks again where it got no answer."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._conversation = new_id()
        self._acknowledged: list[tuple[str, str]] = []
        self.mismatches: list[str] = []

    async def talk(self, turns: int) -> None:
        """Have that many turns answered."""
        for number in range(turns):
            await self._answered(f"[[tokens 30]] [[delay 10]] turn {number} {tag()}")

    async def _answered(self, text: str) -> None:
        answer = await self._ask(text)
        while answer is None:
            await asyncio.sleep(0.05)
            answer = await self._ask(text)
        heard = self._without_lost_answers(text)
        if heard != [*self._acknowledged, ("user", text)]:
            self.mismatches.append(f"{heard} instead of {self._acknowledged} and {text}")
        self._acknowledged += [("user", text), ("assistant", answer)]

    def _without_lost_answers(self, text: str) -> list[tuple[str, str]]:
        """What the model heard, but for turns that ended well and whose answer the kill kept from us."""
        heard = said(self._house.asked(text)[-1].messages)
        while len(heard) > 2 and heard[-3] == ("user", text):
            del heard[-3:-1]
        return heard

    async def _ask(self, text: str) -> str | None:
        response = await self._house.http.post(
            "/v1/chat/completions", json={"model": f"claude:{self._conversation}", "messages": [user(text)]}
        )
        if response.status_code != 200:
            return None
        content: str = response.json()["choices"][0]["message"]["content"]
        return content
