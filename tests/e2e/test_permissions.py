"""Claude Code's own tools ask, and the client decides."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from google.protobuf.duration_pb2 import Duration
from hotseat import Talk, pb

from tests.e2e.house import House, new_id, tag
from tests.e2e.test_grpc import INTERRUPTED, SUCCEEDED, first

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOUCH = '[[call Bash {"command": "touch made"}]] [[then]] [[say done]]'


@asynccontextmanager
async def asking(house: House, mode: pb.PermissionPolicy.Mode, timeout: Duration | None = None) -> AsyncIterator[Talk]:
    """A conversation of Claude Code under this policy."""
    policy = pb.PermissionPolicy(mode=mode, decision_timeout=timeout)
    settings = pb.ConversationSettings(profile="claude-code", permission_policy=policy)
    async with house.grpc.converse(pb.OpenConversation(conversation_id=new_id(), settings=settings)) as talk:
        yield talk


async def shell_says(house: House, talk: Talk, command: str) -> str:
    """What a command that needs no permission prints in the conversation's workspace."""
    events = [event async for event in talk.ask(f'[[call Bash {{"command": "{command}"}}]] [[then]] [[say .]] {tag()}')]
    return next(event.tool_completed.content[0].text for event in events if event.HasField("tool_completed"))


async def test_a_tool_that_is_allowed_runs(house: House) -> None:
    async with asking(house, pb.PermissionPolicy.MODE_ASK) as talk, asyncio.timeout(20):
        turn = talk.ask(f"{TOUCH} {tag()}")
        request = (await first(turn, "permission_request")).permission_request
        assert (request.tool_name, request.input_json) == ("Bash", '{"command":"touch made"}')
        found = await house.grpc.get_conversation(talk.ready.conversation.conversation_id)
        assert found.state == pb.Conversation.STATE_REQUIRES_ACTION
        await talk.decide(request.permission_id, pb.PermissionAllow())
        events = [event async for event in turn]
        assert [e.tool_completed.is_error for e in events if e.HasField("tool_completed")] == [False]
        assert events[-1].turn_completed.text == "done"
        assert await shell_says(house, talk, "ls") == "made"


async def test_a_tool_runs_with_the_input_that_the_client_gave_it(house: House) -> None:
    async with asking(house, pb.PermissionPolicy.MODE_ASK) as talk, asyncio.timeout(20):
        turn = talk.ask(f"{TOUCH} {tag()}")
        request = (await first(turn, "permission_request")).permission_request
        await talk.decide(
            request.permission_id, pb.PermissionAllow(updated_input_json='{"command": "touch something-else"}')
        )
        await first(turn, "turn_completed")
        assert await shell_says(house, talk, "ls") == "something-else"


async def test_a_rule_that_is_remembered_is_not_asked_about_again(house: House) -> None:
    async with asking(house, pb.PermissionPolicy.MODE_ASK) as talk, asyncio.timeout(20):
        turn = talk.ask(f"{TOUCH} {tag()}")
        request = (await first(turn, "permission_request")).permission_request
        assert request.suggested_rules
        await talk.decide(request.permission_id, pb.PermissionAllow(remember_rules=request.suggested_rules))
        await first(turn, "turn_completed")
        events = [event async for event in talk.ask(f"{TOUCH} {tag()}")]
        assert not any(event.HasField("permission_request") for event in events)
        assert [e.tool_completed.is_error for e in events if e.HasField("tool_completed")] == [False]


async def test_a_tool_that_is_denied_does_not_run_and_the_model_hears_why(house: House) -> None:
    word = tag()
    async with asking(house, pb.PermissionPolicy.MODE_ASK) as talk, asyncio.timeout(20):
        turn = talk.ask(f"{TOUCH} {word}")
        request = (await first(turn, "permission_request")).permission_request
        await talk.decide(request.permission_id, pb.PermissionDeny(message="not on a Sunday"))
        events = [event async for event in turn]
        assert [e.tool_completed.is_error for e in events if e.HasField("tool_completed")] == [True]
        assert events[-1].turn_completed.outcome == SUCCEEDED
        assert "not on a Sunday" in str(house.asked(word)[-1].messages)
        assert "made" not in await shell_says(house, talk, "ls -a")


async def test_a_denial_may_stop_the_turn(house: House) -> None:
    async with asking(house, pb.PermissionPolicy.MODE_ASK) as talk, asyncio.timeout(20):
        turn = talk.ask(f"{TOUCH} {tag()}")
        request = (await first(turn, "permission_request")).permission_request
        await talk.decide(request.permission_id, pb.PermissionDeny(message="stop", interrupt=True))
        completed = (await first(turn, "turn_completed")).turn_completed
        assert completed.outcome == INTERRUPTED
        assert "made" not in await shell_says(house, talk, "ls -a")
        assert (await house.grpc.get_conversation(talk.ready.conversation.conversation_id)).turn_count == 2


async def test_a_decision_that_comes_too_late_was_a_no(house: House) -> None:
    async with asking(house, pb.PermissionPolicy.MODE_ASK, Duration(nanos=300_000_000)) as talk, asyncio.timeout(20):
        turn = talk.ask(f"{TOUCH} {tag()}")
        request = (await first(turn, "permission_request")).permission_request
        events = [event async for event in turn]
        assert [e.tool_completed.is_error for e in events if e.HasField("tool_completed")] == [True]
        await talk.decide(request.permission_id, pb.PermissionAllow())
        rejected = (await first(talk.events(), "input_rejected")).input_rejected
        assert rejected.id == request.permission_id
        assert rejected.error.reason == pb.ERROR_REASON_NOTHING_PENDING
        assert "made" not in await shell_says(house, talk, "ls -a")


async def test_an_interrupt_withdraws_the_question(house: House) -> None:
    async with asking(house, pb.PermissionPolicy.MODE_ASK) as talk, asyncio.timeout(20):
        turn = talk.ask(f"{TOUCH} {tag()}")
        request = (await first(turn, "permission_request")).permission_request
        await talk.interrupt()
        cancelled = (await first(turn, "requests_cancelled")).requests_cancelled
        assert list(cancelled.permission_ids) == [request.permission_id]
        assert (await first(turn, "turn_completed")).turn_completed.outcome == INTERRUPTED
        assert "made" not in await shell_says(house, talk, "ls -a")


@pytest.mark.parametrize(
    ("mode", "tool", "runs"),
    [
        (pb.PermissionPolicy.MODE_DENY, '[[call Bash {"command": "touch made"}]]', False),
        (pb.PermissionPolicy.MODE_ACCEPT_EDITS, '[[call Write {"file_path": "made", "content": "x"}]]', True),
        (pb.PermissionPolicy.MODE_DENY, '[[call Write {"file_path": "made", "content": "x"}]]', False),
    ],
)
async def test_without_a_client_the_policy_decides(
    house: House, mode: pb.PermissionPolicy.Mode, tool: str, *, runs: bool
) -> None:
    async with asking(house, mode) as talk, asyncio.timeout(20):
        events = [event async for event in talk.ask(f"{tool} [[then]] [[say done]] {tag()}")]
        assert not any(event.HasField("permission_request") for event in events)
        assert events[-1].turn_completed.text == "done"
        assert ("made" in await shell_says(house, talk, "ls -a")) is runs
