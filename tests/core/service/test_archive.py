"""What was said: listed in pages, taken out and brought back, and deleted, as clients of a core see it."""

import asyncio
import json
from collections.abc import Sequence

import grpc
import pytest
from hotseat import pb
from hotseat.client import Client
from hotseat.errors import HotseatError

from tests.core.service.conftest import House, Line, OpenHouse

USER, ASSISTANT = pb.HistoryMessage.ROLE_USER, pb.HistoryMessage.ROLE_ASSISTANT
SUCCEEDED, INTERRUPTED = pb.TurnCompleted.OUTCOME_SUCCEEDED, pb.TurnCompleted.OUTCOME_INTERRUPTED


def spoken(role: "pb.HistoryMessage.Role", text: str) -> pb.HistoryMessage:
    return pb.HistoryMessage(role=role, content=[pb.HistoryBlock(text=text)])


async def exported(client: Client, conversation_id: str = "c") -> bytes:
    return b"".join([piece async for piece in client.export_conversation(conversation_id)])


async def texts(house: House, conversation_id: str = "c") -> list[str]:
    found = await house.stub.ListMessages(pb.ListMessagesRequest(conversation_id=conversation_id))
    return [message.content[0].text for message in found.messages]


async def hang(line: Line, text: str = "hang") -> str:
    request_id = await line.say(text)
    await line.until("text_delta")
    return request_id


# ---- messages


async def test_messages_are_listed_with_their_turns(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open(history=[spoken(USER, "before"), spoken(ASSISTANT, "indeed")])
        await line.ask("tool ls")
        await hang(line, "hang on")
        await line.send(interrupt=pb.Interrupt())
        await line.until("turn_completed")
        listed = (await house.stub.ListMessages(pb.ListMessagesRequest(conversation_id="c"))).messages
        assert [(said.role, said.turn, said.outcome) for said in listed] == [
            (USER, 0, 0), (ASSISTANT, 0, 0), (USER, 1, SUCCEEDED), (ASSISTANT, 1, SUCCEEDED),
            (USER, 2, INTERRUPTED), (ASSISTANT, 2, INTERRUPTED),
        ]  # fmt: skip
        assert [len(said.content) for said in listed] == [1] * 6, "what the agent did in between is not shown"
        turns = (await house.stub.ListTurns(pb.ListTurnsRequest(conversation_id="c"))).turns
        assert [said.content[0].text for said in listed[2:]] == [
            "tool ls", turns[0].completed.text, "hang on", turns[1].completed.text,
        ]  # fmt: skip
        assert [said.HasField("create_time") for said in listed] == [False, False, True, True, True, True]
        assert listed[2].create_time == turns[0].start_time
        assert len({said.message_id for said in listed}) == 6


async def test_failed_turns_said_nothing(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        await line.ask("one")
        assert (await line.ask("fail 400")).outcome == pb.TurnCompleted.OUTCOME_FAILED
        assert await texts(house) == ["one", "you said one "]
        listed = (await house.stub.ListMessages(pb.ListMessagesRequest(conversation_id="c"))).messages
        assert [(said.turn, said.outcome) for said in listed] == [(1, SUCCEEDED)] * 2


async def test_pages_are_of_what_was_said_when_the_first_was_read(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        for text in ("one", "two", "three"):
            await line.ask(text)
        first = await house.stub.ListMessages(pb.ListMessagesRequest(conversation_id="c", page_size=4))
        again = await house.open(
            history=[
                spoken(USER, "one"),
                spoken(ASSISTANT, "you said one"),
                spoken(USER, "other"),
                spoken(ASSISTANT, "x"),
            ]
        )
        await again.ask("four")
        rest = await house.stub.ListMessages(
            pb.ListMessagesRequest(conversation_id="c", page_size=4, page_token=first.next_page_token)
        )
        said = [message.content[0].text.strip() for page in (first, rest) for message in page.messages]
        assert said == ["one", "you said one", "two", "you said two", "three", "you said three"]
        assert rest.next_page_token == ""
        assert (await texts(house))[2:5] == ["other", "x", "four"]


async def test_the_latest_messages_come_first_where_that_is_wanted(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        for text in ("one", "two"):
            await line.ask(text)
        token, said = "", list[str]()
        while True:
            request = pb.ListMessagesRequest(conversation_id="c", page_size=3, page_token=token, latest_first=True)
            page = await house.stub.ListMessages(request)
            said += [message.content[0].text.strip() for message in page.messages]
            token = page.next_page_token
            if not token:
                break
        assert said == ["you said two", "two", "you said one", "one"]


async def test_pictures_are_listed_whole(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        picture = pb.ContentBlock(image=pb.Blob(media_type="image/png", data=b"\x89PNG"))
        content = [pb.ContentBlock(text="look"), picture]
        await line.send(user_input=pb.UserInput(request_id="00000000-0000-4000-8000-000000000001", content=content))
        await line.until("turn_completed")
        (asked, _) = (await house.stub.ListMessages(pb.ListMessagesRequest(conversation_id="c"))).messages
        assert [block.WhichOneof("block") for block in asked.content] == ["text", "image"]
        assert (asked.content[1].image.data, asked.content[1].image.media_type) == (b"\x89PNG", "image/png")


async def test_a_conversation_in_which_nothing_was_said_has_no_messages(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await house.open()
        assert await texts(house) == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"conversation_id": "x"}, "CONVERSATION_NOT_FOUND"),
        ({"conversation_id": ""}, "INVALID_MESSAGE"),
        ({"conversation_id": "c", "page_size": -1}, "INVALID_MESSAGE"),
        ({"conversation_id": "c", "page_token": "x"}, "INVALID_MESSAGE"),
        ({"conversation_id": "c", "page_token": "MTpub3doZXJl"}, "INVALID_MESSAGE"),
    ],
)
async def test_a_list_that_can_not_be_says_why(open_house: OpenHouse, fields: dict[str, object], reason: str) -> None:
    async with open_house() as house:
        await house.open()
        assert (await house.refused("ListMessages", pb.ListMessagesRequest(**fields)))[1] == reason  # type: ignore[arg-type]


# ---- export and import


async def test_what_was_exported_comes_back_and_goes_on(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:
        settings = pb.ConversationSettings(system_prompt=pb.SystemPrompt(text="Be brief."))
        line = await house.open(settings=settings)
        first = await line.ask("tool ls")
        await line.ask("two")
        recall = (await line.ask("recall")).text
        before = await client.get_conversation("c")
        kept = await exported(client)
        await client.delete_conversation("c")

        made = await client.import_conversation(kept)
        assert (made.conversation_id, made.turn_count, made.state) == ("c", 3, pb.Conversation.STATE_COLD)
        assert (made.usage, made.settings) == (before.usage, before.settings)
        assert abs(made.create_time.ToNanoseconds() - before.create_time.ToNanoseconds()) < 2_000, "to the microsecond"
        other = await client.import_conversation(iter([kept[:100], kept[100:]]), conversation_id="other")
        assert other.conversation_id == "other"
        for name in ("c", "other"):
            again = await house.open(name)
            await again.say("tool ls", request_id=first.request_id)  # known: it is not run again
            assert (await again.ask("recall")).text.startswith(recall)
            assert '"Be brief."' in (await again.ask("settings")).text
            assert (await client.get_conversation(name)).turn_count == 5
        turns = (await client.list_turns("other")).turns
        assert (turns[0].completed.text, turns[0].request_id) == (first.text, first.request_id)


async def test_branches_come_along(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:
        line = await house.open()
        await line.ask("one")
        await line.ask("two")
        edited = await house.open(history=[spoken(USER, "one"), spoken(ASSISTANT, "you said one")])
        await edited.ask("other")
        await client.import_conversation(await exported(client), conversation_id="copy")
        await client.delete_conversation("c")
        await client.fork_conversation("copy", turn=2, new_conversation_id="branch")
        assert [text.strip() for text in await texts(house, "branch")] == ["one", "you said one", "two", "you said two"]
        assert [text.strip() for text in await texts(house, "copy")] == [
            "one",
            "you said one",
            "other",
            "you said other",
        ]


async def test_a_conversation_that_runs_is_exported_as_it_last_was_on_disk(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:
        line = await house.open()
        await line.ask("one")
        await hang(line)
        await client.import_conversation(await exported(client), conversation_id="copy")
        assert [text.strip() for text in await texts(house, "copy")] == ["one", "you said one"]
        assert (await client.get_conversation("copy")).turn_count == 1
        assert (await client.get_conversation("c")).state == pb.Conversation.STATE_RUNNING


async def test_an_import_that_is_refused_leaves_nothing(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:
        await (await house.open()).ask("one")
        kept = await exported(client)
        lines = kept.splitlines(keepends=True)
        bad = b"".join([*lines[:2], b"{}\n", *lines[3:]])
        for text, fields in ((bad, ("INVALID_MESSAGE", "line 3")), (kept[:-1] + b"x", ("INVALID_MESSAGE", "line 4"))):
            with pytest.raises(HotseatError) as caught:
                await client.import_conversation(text, conversation_id="new")
            assert (caught.value.reason, caught.value.metadata["field"]) == fields
        with pytest.raises(HotseatError) as caught:
            await client.import_conversation(kept)
        assert caught.value.reason == "CONVERSATION_EXISTS"
        for wanted in ("no spaces", "x" * 129):
            with pytest.raises(HotseatError) as caught:
                await client.import_conversation(kept, conversation_id=wanted)
            assert (caught.value.reason, caught.value.metadata["field"]) == ("INVALID_MESSAGE", "conversation_id")
        renamed = lines[0].replace(b'"conversation_id":"c"', b'"conversation_id":"../c"')
        with pytest.raises(HotseatError) as caught:
            await client.import_conversation([renamed, *lines[1:]])
        assert caught.value.metadata["field"] == "line 1"
        assert [found.conversation_id for found in (await client.list_conversations()).conversations] == ["c"]


async def test_an_import_that_is_too_large_is_refused_while_it_comes(open_house: OpenHouse) -> None:
    async with open_house(max_import_bytes=1000) as house, Client(house.core.target) as client:
        sent = 0

        async def endless() -> object:
            nonlocal sent
            while True:
                sent += 1
                yield b" " * 500

        with pytest.raises(HotseatError, match="larger than 1000 bytes"):
            await client.import_conversation(endless())  # type: ignore[arg-type] # an async generator
        assert sent < 10_000


async def test_a_client_that_gives_up_in_the_middle_leaves_nothing(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:
        await (await house.open()).ask("one")
        kept = await exported(client)
        call = house.stub.ImportConversation()
        await call.write(pb.ImportConversationRequest(conversation_id="new", data=kept))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        with pytest.raises(RuntimeError, match="the file broke"):
            await client.import_conversation(_breaking(kept), conversation_id="new")
        assert [found.conversation_id for found in (await client.list_conversations()).conversations] == ["c"]


def _breaking(kept: bytes) -> "Sequence[bytes]":
    def pieces() -> object:
        yield kept
        raise RuntimeError("the file broke")

    return pieces()  # type: ignore[return-value] # any iterable will do


async def test_what_is_not_there_is_not_exported(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:
        with pytest.raises(HotseatError) as caught:
            await exported(client, "none")
        assert caught.value.reason == "CONVERSATION_NOT_FOUND"
        assert house.core.registry.archive


async def test_a_large_conversation_travels_in_pieces(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:
        line = await house.open(history=[spoken(USER, "x" * 700_000), spoken(ASSISTANT, "y")])
        await line.ask("one")
        pieces = [piece async for piece in client.export_conversation("c")]
        assert len(pieces) == 3
        assert max(map(len, pieces)) == 256 * 1024
        await client.import_conversation(pieces, conversation_id="copy")
        assert len((await texts(house, "copy"))[0]) == 700_000
        assert json.loads(b"".join(pieces).splitlines()[0])["message_count"] == 4


# ---- deletion and eviction


async def test_a_conversation_that_is_to_be_idle_is_not_deleted_while_a_turn_runs_or_waits(
    open_house: OpenHouse,
) -> None:
    async with open_house(pool_size=1) as house, Client(house.core.target) as client:
        running, waiting = await house.open("running"), await house.open("waiting")
        await hang(running)
        await waiting.say("hello")
        while not house.core.pool.stats().queued_turns:
            await house.core.pool.wait_for_change()
        for name in ("running", "waiting"):
            with pytest.raises(HotseatError) as caught:
                await client.delete_conversation(name, only_if_idle=True)
            assert caught.value.reason == "TURN_RUNNING"
        await running.send(interrupt=pb.Interrupt())
        await running.until("turn_completed")
        await waiting.until("turn_completed")
        assert await client.delete_conversation("waiting", only_if_idle=True) != ""
        assert await client.delete_conversation("running", only_if_idle=True) == ""
        assert await client.delete_conversation("running", allow_missing=True, only_if_idle=True) == ""


async def test_two_who_delete_at_once_both_hear_the_truth(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await hang(await house.open())
        request = pb.DeleteConversationRequest(conversation_id="c")
        calls = [house.stub.DeleteConversation(request) for _ in range(2)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, grpc.aio.AioRpcError)]
        assert [error.code() for error in refused] == [grpc.StatusCode.NOT_FOUND]


async def test_only_conversations_that_exist_can_be_evicted(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:
        await (await house.open()).ask("hello")
        assert await client.evict_conversation("c") != ""
        assert await client.evict_conversation("c") == ""
        with pytest.raises(HotseatError) as caught:
            await client.evict_conversation("none")
        assert caught.value.reason == "CONVERSATION_NOT_FOUND"
