"""What clients keep with turns, turns that are found without their conversation, and gone on from."""

import uuid
from typing import Any

import pytest
from hotseat_core.conversation.terms import Attachment, Disposition, HistoryPolicy
from hotseat_core.conversation.turn import TurnInput
from hotseat_core.errors import ConversationBusy, ConversationNotFound, Reason
from hotseat_core.events import Outcome
from hotseat_core.journal.store import Note
from hotseat_core.worker.rows import Row

from tests.core.conversation.conftest import Guest, House, OpenHouse, settings
from tests.core.conversation.scenes import a, hanging, reason, u

NOTE = Note("response", "claude", {"a": "b"}, "{}")


def say(guest: Guest, text: str, note: Note | None = NOTE) -> str:
    """Say something that is kept with a note."""
    request_id = str(uuid.uuid4())
    prompt = Row("user", ({"type": "text", "text": text},))
    guest.conversation.submit(guest.attachment, TurnInput(request_id, prompt, note=note))
    return request_id


async def after(house: House, request_id: str, label: str = "", **attachment: Any) -> Guest:
    """Go on from the end of a turn."""
    policy = HistoryPolicy.APPEND if attachment.get("history") else HistoryPolicy.MATCH
    joined = Attachment(after=request_id, after_label=label, history_policy=policy, **attachment)
    return Guest(await house.registry.open("", Disposition.OPEN_OR_CREATE, joined), joined)


def leave(guest: Guest) -> None:
    guest.conversation.detach(guest.attachment)


async def test_a_noted_turn_is_found_while_it_waits_while_it_runs_and_afterwards(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("")
        running = await hanging(guest)
        waits = say(guest, "two")
        # What the stream brought with its opening is looked for; this came later, on a stream that is open.
        found = await house.registry.requests.turn(running, "")
        assert found is not None
        assert (found.record.turn, found.record.completed, found.start_sequence > 0) == (1, None, True)
        guest.conversation.interrupt()
        await guest.completed(waits)
        ended = await house.registry.requests.turn(waits, "", with_answer=True)
        assert ended is not None
        assert (ended.note, ended.record.turn) == (NOTE, 2)
        assert [row.role for row in ended.answer] == ["assistant"]


async def test_a_refusal_that_nobody_hears_is_a_turn_that_failed(open_house: OpenHouse) -> None:
    async with open_house(max_workers=1, queue_timeout_s=0.3) as house:
        await hanging(await house.enter("busy"))
        late = await house.enter("late")
        request_id = say(late, "hello")
        leave(late)
        await late.completed(request_id)
        found = await house.registry.requests.turn(request_id, "")
        assert found is not None
        completed = found.record.completed
        assert completed is not None
        assert (completed.outcome, reason(completed)) == (Outcome.FAILED, Reason.QUEUE_TIMEOUT)


async def test_the_conversation_goes_on_where_it_still_stands_there(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("")
        first = say(guest, "one")
        await guest.completed(first)
        follower = await after(house, first, "response")
        assert follower.conversation is guest.conversation
        assert (await follower.ask("two")).outcome is Outcome.SUCCEEDED
        # It stands elsewhere now: another one begins with what was said until then.
        branch = await after(house, first)
        assert branch.conversation is not guest.conversation
        assert [message.text for message in branch.conversation.messages][:1] == ["one"]
        assert len(branch.conversation.messages) == 2
        assert (await branch.ask("other")).outcome is Outcome.SUCCEEDED


async def test_one_that_somebody_has_named_is_left_as_it_is(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("mine")
        first = say(guest, "one")
        await guest.completed(first)
        follower = await after(house, first)
        await follower.ask("two")
        assert len(guest.conversation.messages) == 2
        assert len(follower.conversation.messages) == 4


async def test_two_that_follow_at_once_part_ways(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("")
        first = say(guest, "one")
        await guest.completed(first)
        left, right = await after(house, first), await after(house, first)
        assert left.conversation is guest.conversation
        assert right.conversation is not guest.conversation


async def test_another_system_prompt_goes_on_with_the_same_words(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("")
        first = say(guest, "one")
        await guest.completed(first)
        given = frozenset({"system_prompt"})
        follower = await after(house, first, settings=settings(system_prompt="Be brief."), given=given)
        await follower.ask("two")
        assert follower.conversation.settings.setup.system_prompt == "Be brief."
        assert [message.text for message in follower.conversation.messages][::2] == ["one", "two"]


async def test_what_is_appended_is_said_after_what_was(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("")
        first = say(guest, "one")
        await guest.completed(first)
        follower = await after(house, first, history=(u("more"), a("yes")))
        await follower.ask("two")
        texts = [message.text for message in follower.conversation.messages]
        assert (texts[0], texts[2:5]) == ("one", ["more", "yes", "two"])


async def test_what_is_not_there_is_not_gone_on_from(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("")
        running = await hanging(guest)
        with pytest.raises(ConversationBusy):
            await after(house, running)
        for request_id, label in ((str(uuid.uuid4()), ""), (running, "response")):
            with pytest.raises(ConversationNotFound) as refused:
                await after(house, request_id, label)
            assert refused.value.metadata["field"] == "open.after_request_id"
        with pytest.raises(ConversationNotFound):
            await house.tenants.of("other").open(
                "", Disposition.OPEN_OR_CREATE, Attachment(after=running, history_policy=HistoryPolicy.APPEND)
            )


async def test_other_tenants_know_nothing_of_it(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("")
        said = say(guest, "one")
        await guest.completed(said)
        stranger = house.tenants.of("other")
        assert await stranger.requests.turn(said, "") is None
        assert not await stranger.requests.change_note(said, None)
        listing: dict[str, Any] = {"model": "", "metadata": {}, "after": "", "latest_first": False, "limit": 9}
        assert await stranger.requests.noted("response", **listing) == ([], False)
        found, _ = await house.registry.requests.noted("response", **listing)
        assert [turn.record.request_id for turn in found] == [said]
        with pytest.raises(ConversationNotFound):
            await stranger.update(guest.conversation.id, metadata={}, messages=())


async def test_a_conversation_is_added_to_and_marked_between_turns(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("mine")
        await guest.ask("one")
        leave(guest)
        await house.registry.update("mine", metadata={"k": "v"}, messages=(u("added"), a("heard")))
        summary = await house.registry.summary("mine")
        assert summary.settings.metadata == {"k": "v"}
        again = await house.enter("mine")
        await again.ask("two")
        assert [message.text for message in again.conversation.messages][2:5] == ["added", "heard", "two"]
        await house.registry.update("mine", metadata=None, messages=())
        assert (await house.registry.summary("mine")).settings.metadata == {"k": "v"}


async def test_it_is_not_while_a_turn_runs(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await hanging(await house.enter("mine"))
        with pytest.raises(ConversationBusy):
            await house.registry.update("mine", metadata=None, messages=(u("added"),))
        with pytest.raises(ConversationNotFound):
            await house.registry.update("other", metadata={}, messages=())
