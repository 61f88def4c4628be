"""Never more processes than POOL_SIZE, whatever is asked at the same time."""

import asyncio

import pytest

from tests.e2e.house import House, new_id, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_twenty_requests_at_once_get_twenty_answers_from_four_processes(house: House) -> None:
    async def ask(number: int) -> tuple[str | None, str]:
        model = ("claude", "claude-code")[number % 2]
        expected = f"answer {number}"
        answer = await house.sdk.chat.completions.create(
            model=model, messages=[user(f"[[say {expected}]] [[delay 20]] {tag()}")], timeout=50
        )
        return answer.choices[0].message.content, expected

    with house.census().counting() as census:
        answers = await asyncio.gather(*(ask(number) for number in range(20)))

    assert all(got == expected for got, expected in answers)
    assert census.most == 4
    assert census.samples > 50


async def test_as_many_conversations_as_there_are_processes_run_side_by_side(house: House) -> None:
    conversations = [new_id() for _ in range(4)]
    texts = {conversation: f"[[tokens 40]] [[delay 10]] {tag()}" for conversation in conversations}
    for conversation in conversations:
        await house.sdk.chat.completions.create(model=f"claude:{conversation}", messages=[user(f"[[say x]] {tag()}")])
    workers = {conversation: (await house.until_idle(conversation)).pid for conversation in conversations}
    assert len(set(workers.values())) == 4
    await asyncio.gather(
        *(
            house.sdk.chat.completions.create(model=f"claude:{conversation}", messages=[user(text)])
            for conversation, text in texts.items()
        )
    )
    asked = [house.asked(text)[-1] for text in texts.values()]
    assert max(request.at for request in asked) < min(request.ended_at or 0 for request in asked)
    assert {conversation: worker.pid for conversation, worker in (await house.workers()).items()} == workers
