"""The other calls of ConversationService, health, reflection, and the server's end."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from hotseat import pb
from hotseat.client import Client
from hotseat.errors import HotseatError
from hotseat.v1.pool_service_pb2_grpc import PoolServiceStub
from hotseat_core.errors import WorkerStartError
from hotseat_core.server import serve
from hotseat_core.settings import CoreSettings

from tests.core.conftest import MakeCli
from tests.core.service.conftest import Open, OpenHouse


async def test_conversations_are_read_listed_forked_and_deleted(open_house: OpenHouse) -> None:
    async with open_house() as house:
        for name in ("a", "b", "c"):
            await (await house.open(name)).ask("hello")
        found = (await house.stub.GetConversation(pb.GetConversationRequest(conversation_id="c"))).conversation
        assert (found.state, found.turn_count, found.usage.output_tokens) == (pb.Conversation.STATE_IDLE, 1, 7)
        assert found.worker_id

        first = await house.stub.ListConversations(pb.ListConversationsRequest(page_size=2))
        second = await house.stub.ListConversations(
            pb.ListConversationsRequest(page_size=2, page_token=first.next_page_token)
        )
        names = [found.conversation_id for page in (first, second) for found in page.conversations]
        assert names == ["c", "b", "a"]
        assert second.next_page_token == ""
        cold = await house.stub.ListConversations(pb.ListConversationsRequest(states=[pb.Conversation.STATE_COLD]))
        assert [found.conversation_id for found in cold.conversations] == ["a"]

        forked = await house.stub.ForkConversation(
            pb.ForkConversationRequest(conversation_id="c", new_conversation_id="d")
        )
        assert forked.conversation.conversation_id == "d"
        assert (await (await house.open("d")).ask("recall")).text == "u:hello | a:you said hello"

        await house.stub.DeleteConversation(pb.DeleteConversationRequest(conversation_id="c"))
        await house.stub.DeleteConversation(pb.DeleteConversationRequest(conversation_id="c", allow_missing=True))
        names = [found.conversation_id for found in (await house.core.registry.list("", 100, frozenset()))[0]]
        assert sorted(names) == ["a", "b", "d"]


async def test_turns_are_read_and_listed(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        said = [(await line.ask(text)).request_id for text in ("one", "two", "three")]
        page = await house.stub.ListTurns(pb.ListTurnsRequest(conversation_id="c", page_size=2))
        assert [turn.request_id for turn in page.turns] == said[:2]
        rest = await house.stub.ListTurns(
            pb.ListTurnsRequest(conversation_id="c", page_size=2, page_token=page.next_page_token)
        )
        assert [turn.turn for turn in rest.turns] == [3]
        by_number = (await house.stub.GetTurn(pb.GetTurnRequest(conversation_id="c", turn=2))).turn
        by_request = (await house.stub.GetTurn(pb.GetTurnRequest(conversation_id="c", request_id=said[1]))).turn
        assert by_number == by_request
        assert by_number.input[0].text == "two"
        assert by_number.completed.text == "you said two "


@pytest.mark.parametrize(
    ("method", "request_", "code", "reason"),
    [
        ("GetConversation", pb.GetConversationRequest(), "INVALID_ARGUMENT", "INVALID_MESSAGE"),
        ("GetConversation", pb.GetConversationRequest(conversation_id="x"), "NOT_FOUND", "CONVERSATION_NOT_FOUND"),
        (
            "DeleteConversation",
            pb.DeleteConversationRequest(conversation_id="x"),
            "NOT_FOUND",
            "CONVERSATION_NOT_FOUND",
        ),
        ("ListConversations", pb.ListConversationsRequest(page_size=-1), "INVALID_ARGUMENT", "INVALID_MESSAGE"),
        ("ListConversations", pb.ListConversationsRequest(page_token="x"), "INVALID_ARGUMENT", "INVALID_MESSAGE"),
        ("GetTurn", pb.GetTurnRequest(conversation_id="c", turn=9), "NOT_FOUND", "CONVERSATION_NOT_FOUND"),
        ("GetTurn", pb.GetTurnRequest(conversation_id="c"), "NOT_FOUND", "CONVERSATION_NOT_FOUND"),
        ("ListTurns", pb.ListTurnsRequest(conversation_id="x"), "NOT_FOUND", "CONVERSATION_NOT_FOUND"),
        (
            "ForkConversation",
            pb.ForkConversationRequest(conversation_id="c", new_conversation_id="c"),
            "ALREADY_EXISTS",
            "CONVERSATION_EXISTS",
        ),
        (
            "ForkConversation",
            pb.ForkConversationRequest(conversation_id="c", turn=9),
            "INVALID_ARGUMENT",
            "INVALID_MESSAGE",
        ),
        (
            "ForkConversation",
            pb.ForkConversationRequest(conversation_id="c", new_conversation_id="no spaces"),
            "INVALID_ARGUMENT",
            "INVALID_MESSAGE",
        ),
    ],
)
async def test_a_call_that_can_not_be_says_why(
    open_house: OpenHouse, method: str, request_: Any, code: str, reason: str
) -> None:
    async with open_house() as house:
        await (await house.open()).ask("hello")
        found, why, _ = await house.refused(method, request_)
        assert (found.name, why) == (code, reason)


async def test_deleting_ends_the_streams_and_the_turn(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        await line.say("hang")
        await line.until("text_delta")
        await house.stub.DeleteConversation(pb.DeleteConversationRequest(conversation_id="c"))
        assert (await line.until("go_away")).go_away.reason == pb.GoAway.REASON_EVICTED
        assert (await line.refused())[0] is grpc.StatusCode.ABORTED
        assert "0 running" in repr(house.core.pool)


async def test_the_default_profile_is_listed_first(open_house: OpenHouse) -> None:
    async with open_house() as house:
        profiles = (await house.stub.ListProfiles(pb.ListProfilesRequest())).profiles
        assert [profile.name for profile in profiles] == ["claude", "claude-code"]


async def test_health_follows_a_drain_and_its_end(open_house: OpenHouse) -> None:
    async with open_house() as house:
        pool: Any = PoolServiceStub(house.channel)
        health: Any = health_pb2_grpc.HealthStub(house.channel)

        async def serving() -> list[bool]:
            names = ("", "hotseat.v1.ConversationService", "hotseat.v1.PoolService")
            answers = [await health.Check(health_pb2.HealthCheckRequest(service=name)) for name in names]
            return [answer.status == health_pb2.HealthCheckResponse.SERVING for answer in answers]

        watching = health.Watch(health_pb2.HealthCheckRequest())
        assert (await watching.read()).status == health_pb2.HealthCheckResponse.SERVING
        await pool.DrainPool(pb.DrainPoolRequest())
        assert await serving() == [False, False, True]
        assert (await watching.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        await pool.ResumePool(pb.ResumePoolRequest())
        assert await serving() == [True, True, True]
        await asyncio.gather(pool.DrainPool(pb.DrainPoolRequest()), pool.ResumePool(pb.ResumePoolRequest()))
        takes_turns = (await pool.GetPool(pb.GetPoolRequest())).pool.state == pb.Pool.STATE_ACTIVE
        assert await serving() == [takes_turns, takes_turns, True]
        watching.cancel()


async def test_health_and_reflection_are_there(open_house: OpenHouse) -> None:
    async with open_house() as house:
        health: Any = health_pb2_grpc.HealthStub(house.channel)
        for service in ("", "hotseat.v1.ConversationService", "hotseat.v1.PoolService"):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        channel: Any = house.channel
        reflection: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        call = reflection.ServerReflectionInfo()
        await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
        listed = {found.name for found in (await call.read()).list_services_response.service}
        assert {"hotseat.v1.ConversationService", "hotseat.v1.PoolService", "grpc.health.v1.Health"} <= listed
        await call.done_writing()


# ---- the server's end


async def test_a_drain_lets_turns_end_and_sends_streams_away(open_house: OpenHouse) -> None:
    async with open_house(drain_timeout_ms=30_000) as house:
        idle, line = await house.open("idle"), await house.open()
        await line.say("hang")
        await line.until("text_delta")
        house.core.pool.drain(30)
        refused = await house.open("late")
        await refused.say("hello")
        rejected = (await refused.until("input_rejected")).input_rejected
        assert rejected.error.reason == pb.ERROR_REASON_POOL_DRAINING
        await line.send(interrupt=pb.Interrupt())
        await line.until("turn_completed")
        lines = (idle, line, refused)
        endings = [house.read_on(found) for found in lines]
    assert [found.result()[:2] for found in endings] == [(grpc.StatusCode.UNAVAILABLE, "POOL_DRAINING")] * 3
    assert [found.seen[-1].go_away.reason for found in lines] == [pb.GoAway.REASON_DRAINING] * 3


async def test_the_end_of_the_core_does_not_wait_for_streams_that_said_nothing(open_house: OpenHouse) -> None:
    async with open_house() as house:
        silent = house.line()
        await silent.call.wait_for_connection()
        await house.open()  # so the silent stream, which was there before it, has been heard of
        ending = house.read_on(silent)
    assert (await ending)[:2] == (grpc.StatusCode.UNAVAILABLE, "POOL_DRAINING")


async def test_a_drain_that_is_out_of_patience_interrupts(open_house: OpenHouse) -> None:
    async with open_house(drain_timeout_ms=50) as house:
        line = await house.open()
        await line.say("hang")
        await line.until("text_delta")
        reading = house.read_on(line)
    assert reading.result()[:2] == (grpc.StatusCode.UNAVAILABLE, "POOL_DRAINING")
    assert line.kinds[-2:] == ["turn_completed", "go_away"]
    assert line.seen[-2].turn_completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED


async def test_an_untested_cli_is_refused_unless_it_is_allowed(make_cli: MakeCli, tmp_path: Path) -> None:
    path = make_cli(version="1.0.0")
    settings = CoreSettings(
        socket=str(tmp_path / "core.sock"), data_dir=str(tmp_path / "data"), cli_path=str(path), warm_workers=0
    )
    with pytest.raises(WorkerStartError, match=r"version 1\.0\.0, which hotseat was not tested with"):
        async with serve(settings):
            pass


# ---- through the client


async def test_the_python_client_talks(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:
        async with client.converse(Open(conversation_id="c")) as talk:
            kinds = [event.WhichOneof("event") async for event in talk.ask("good day")]
            assert (kinds[0], kinds[-1]) == ("turn_started", "turn_completed")
            running = talk.ask("hang")
            async for event in running:
                if event.HasField("text_delta"):
                    await talk.interrupt()
            assert event.turn_completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED
        assert (await client.get_conversation("c")).turn_count == 2
        assert [found.conversation_id for found in (await client.list_conversations()).conversations] == ["c"]
        assert (await client.fork_conversation("c", turn=1, new_conversation_id="d")).conversation_id == "d"
        assert [profile.name for profile in await client.list_profiles()] == ["claude", "claude-code"]
        assert (await client.get_pool()).size.max_workers == 2
        await client.delete_conversation("c")
        with pytest.raises(HotseatError) as caught:
            await client.get_conversation("c")
        assert caught.value.reason == "CONVERSATION_NOT_FOUND"


async def test_many_clients_at_once_share_few_workers(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:

        async def one(number: int) -> str:
            async with client.converse(Open()) as talk:
                return [event async for event in talk.ask(f"hello {number}")][-1].turn_completed.text

        answers = await asyncio.gather(*(one(number) for number in range(12)))
        assert answers == [f"you said hello {number} " for number in range(12)]
        assert len(house.core.pool.workers()) <= 2
