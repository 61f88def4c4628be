"""Turns that take too much of the machine, with the real CLI."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hotseat import pb

from tests.e2e.house import House, new_id, running, tag

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def frugal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house that gives an agent little of everything."""
    limits = {
        "HOTSEAT_WORKSPACE_LIMIT_MB": "2",
        "HOTSEAT_WORKER_MEMORY_LIMIT_MB": "900",
        "HOTSEAT_WORKER_PROCESS_LIMIT": "40",
    }
    async with running(tmp_path_factory.mktemp("frugal"), POOL_SIZE="1", HOTSEAT_WARM_WORKERS="0", **limits) as house:
        yield house


def agent() -> pb.OpenConversation:
    """A conversation whose agent may use its shell."""
    policy = pb.PermissionPolicy(allow_rules=["Bash"])
    settings = pb.ConversationSettings(profile="claude-code", permission_policy=policy)
    return pb.OpenConversation(conversation_id=new_id(), settings=settings)


def shell(command: str) -> str:
    """What makes the agent run this."""
    return f"[[call Bash {json.dumps({'command': command})}]] [[then]] [[say done]] {tag()}"


async def test_a_turn_that_takes_too_much_of_the_disk_ends_and_the_next_one_makes_room(frugal: House) -> None:
    async with frugal.grpc.converse(agent()) as talk:
        events = [event async for event in talk.ask(shell("head -c 4000000 /dev/zero > large; sleep 50"))]
        turn = events[-1].turn_completed
        assert turn.error.reason == pb.ERROR_REASON_TURN_LIMIT
        assert "may take 2 MiB" in turn.error.message
        events = [event async for event in talk.ask(shell("sleep 3; ls; rm large"))]
        assert events[-1].turn_completed.text == "done"
        assert not list((frugal.data_dir / "workspaces").glob("*/large"))


@pytest.mark.parametrize(
    ("command", "limit", "told"),
    [
        ("head -c 1200000000 /dev/zero | tail -n 1 | sleep 60", "memory", "may take 900"),
        ("for i in $(seq 60); do (setsid sleep 60 &) ; done; sleep 60", "processes", "may be 40"),
    ],
)
async def test_a_turn_that_takes_too_much_of_the_machine_ends_with_all_that_it_started_and_the_next_one_goes_on(
    frugal: House, command: str, limit: str, told: str
) -> None:
    async with frugal.grpc.converse(agent()) as talk:
        assert [event async for event in talk.ask("[[say one]]")][-1].turn_completed.text == "one"
        (before,) = (await frugal.workers()).values()
        turn = [event async for event in talk.ask(shell(command))][-1].turn_completed
        assert turn.error.reason == pb.ERROR_REASON_TURN_LIMIT
        assert turn.error.metadata["limit"] == limit
        assert told in turn.error.message
        assert [event async for event in talk.ask("[[say two]]")][-1].turn_completed.text == "two"
        assert frugal.of(before.worker_id) == []
