"""A conversation that fills the disk, with the real CLI."""

import json
from pathlib import Path

import pytest
from hotseat import pb

from tests.e2e.house import new_id, running, tag

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_turn_that_takes_too_much_of_the_disk_ends_and_the_next_one_makes_room(tmp_path: Path) -> None:
    settings = {"HOTSEAT_WORKSPACE_LIMIT_MB": "2", "POOL_SIZE": "1", "HOTSEAT_WARM_WORKERS": "0"}
    opening = pb.OpenConversation(
        conversation_id=new_id(),
        settings=pb.ConversationSettings(
            profile="claude-code", permission_policy=pb.PermissionPolicy(allow_rules=["Bash"])
        ),
    )

    def shell(command: str) -> str:
        return f"[[call Bash {json.dumps({'command': command})}]] [[then]] [[say done]] {tag()}"

    async with running(tmp_path, **settings) as house, house.grpc.converse(opening) as talk:
        events = [event async for event in talk.ask(shell("head -c 4000000 /dev/zero > large; sleep 50"))]
        turn = events[-1].turn_completed
        assert turn.error.reason == pb.ERROR_REASON_TURN_LIMIT
        assert "may take 2 MiB" in turn.error.message
        events = [event async for event in talk.ask(shell("sleep 3; ls; rm large"))]
        assert events[-1].turn_completed.text == "done"
        assert not list((tmp_path / "data" / "workspaces").glob("*/large"))
