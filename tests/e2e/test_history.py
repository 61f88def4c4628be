"""A stock client that sends its whole history and no id: a hot session's speed, and exactly its own messages."""

from typing import Any

import pytest

from tests.e2e.house import House, assistant, said, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Chat:
    """What a client of the OpenAI API keeps, and sends each time."""

    def __init__(self, house: House, model: str = "claude", system: str | None = None) -> None:
        self._house = house
        self._model = model
        self.messages: list[Any] = [{"role": "system", "content": system}] if system else []
        self.conversation = ""  # that answered last

    async def ask(self, text: str) -> str:
        """Say something; the answer."""
        self.messages.append(user(text))
        raw = await self._house.sdk.chat.completions.with_raw_response.create(model=self._model, messages=self.messages)
        self.conversation = raw.headers["X-Conversation-ID"]
        content = raw.parse().choices[0].message.content or ""
        self.messages.append(assistant(content))
        return content

    def upstream(self, text: str) -> list[tuple[str, str]]:
        """What the model got with this message."""
        return said(self._house.asked(text)[-1].messages)

    @property
    def history(self) -> list[tuple[str, str]]:
        """What the client holds the history to be, before the last answer."""
        return [(message["role"], message["content"]) for message in self.messages[:-1] if message["role"] != "system"]


@pytest.mark.parametrize("model", ["claude", "claude-code"])
async def test_each_turn_goes_on_on_the_same_process_with_just_the_clients_messages(house: House, model: str) -> None:
    chat = Chat(house, model, system="You are brief.")
    pids = set()
    for number in range(4):
        text = f"[[say answer {number}]] {tag()}"
        assert await chat.ask(text) == f"answer {number}"
        assert chat.upstream(text) == chat.history
        pids.add((await house.until_idle(chat.conversation)).pid)
    assert len(pids) == 1


async def test_a_regenerated_answer_and_an_edit_are_branches_with_their_own_history(house: House) -> None:
    chat = Chat(house)
    first, second = f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    await chat.ask(first)
    await chat.ask(second)
    trunk = chat.conversation
    pid = (await house.until_idle(trunk)).pid

    chat.messages = chat.messages[:-2]
    edited = f"[[say other]] {tag()}"
    await chat.ask(edited)
    assert chat.upstream(edited) == [("user", first), ("assistant", "one"), ("user", edited)]
    assert chat.conversation != trunk
    assert (await house.until_idle(chat.conversation)).pid == pid
    assert trunk not in await house.workers()

    onward = f"[[say on]] {tag()}"
    await chat.ask(onward)
    assert chat.upstream(onward) == chat.history


async def test_who_left_a_branch_finds_it_again(house: House) -> None:
    left, right = Chat(house), Chat(house)
    for number in range(2):
        await left.ask(f"[[say answer {number}]] {tag()}")
    await house.until_idle(left.conversation)
    right.messages = list(left.messages[:-2])
    await right.ask(f"[[say another]] {tag()}")
    assert right.conversation != left.conversation
    trunk = left.conversation
    for chat in (left, right, left):
        text = f"[[say on]] {tag()}"
        await chat.ask(text)
        assert chat.upstream(text) == chat.history
    assert left.conversation == trunk


async def test_two_clients_with_the_same_history_do_not_meet(house: House) -> None:
    begin, left_says, right_says = f"[[say begin]] {tag()}", f"[[say left]] {tag()}", f"[[say right]] {tag()}"
    left, right = Chat(house), Chat(house)
    await left.ask(begin)
    right.messages = list(left.messages)
    await left.ask(left_says)
    await right.ask(right_says)
    assert left.upstream(left_says) == left.history
    assert right.upstream(right_says) == right.history
    for chat in (left, right):
        again = f"[[say again]] {tag()}"
        await chat.ask(again)
        assert chat.upstream(again) == chat.history


async def test_another_system_prompt_is_another_conversation(house: House) -> None:
    begin = f"[[say begin]] {tag()}"
    one = Chat(house, system="You are one.")
    await one.ask(begin)
    other = Chat(house, system="You are another.")
    other.messages += one.messages[1:]
    text = f"[[say x]] {tag()}"
    await other.ask(text)
    assert other.upstream(text) == other.history
    assert other.conversation != one.conversation
    assert "You are another." in str(house.asked(text)[-1].body)


async def test_an_agents_own_tool_use_is_part_of_what_a_branch_goes_on_from(house: House) -> None:
    chat = Chat(house, "claude-code")
    used = f'[[call Bash {{"command": "echo from the shell"}}]] [[then]] [[say done]] {tag()}'
    assert await chat.ask(used) == "done"
    await chat.ask(f"[[say trunk]] {tag()}")
    chat.messages = chat.messages[:-2]
    text = f"[[say branch]] {tag()}"
    await chat.ask(text)
    blocks = [
        block
        for message in house.asked(text)[-1].messages
        if isinstance(message["content"], list)
        for block in message["content"]
    ]
    assert [block["input"]["command"] for block in blocks if block["type"] == "tool_use"] == ["echo from the shell"]
    assert ["from the shell" in str(block["content"]) for block in blocks if block["type"] == "tool_result"] == [True]


@pytest.mark.parametrize("model", ["claude", "claude-code"])
async def test_a_long_history_is_begun_with_and_stays_exact(house: House, model: str) -> None:
    """Sixty turns of which the core knows nothing: from a file, on a process of its own."""
    chat = Chat(house, model)
    for number in range(60):
        chat.messages += [user(f"question {number}"), assistant(f"answer {number}")]
    with house.census().counting() as census:
        for _ in range(2):
            text = f"[[say ok]] {tag()}"
            await chat.ask(text)
            assert chat.upstream(text) == chat.history
    worker = await house.until_idle(chat.conversation)
    assert any(f"--resume={house.data_dir}" in found.command for found in house.of(worker.worker_id))
    assert census.most <= 4  # POOL_SIZE

    await house.grpc.evict_conversation(chat.conversation)
    text = f"[[say after the eviction]] {tag()}"
    await chat.ask(text)
    assert chat.upstream(text) == chat.history

    chat.messages = chat.messages[:-2]
    text = f"[[say otherwise]] {tag()}"
    await chat.ask(text)
    assert chat.upstream(text) == chat.history
