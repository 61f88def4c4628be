"""Named workspaces as their tenants' clients and operators see them: a real core, and the real command."""

import json
import uuid
from pathlib import Path

import grpc
import pytest
from hotseat import pb
from hotseat.client import Client
from hotseat_core.access.key import Wanted

from tests.cli.operator import operator
from tests.core.service.conftest import House, OpenHouse


async def work(client: Client, conversation: str, workspace: str, size: int = 0) -> None:
    """A turn in a workspace; its agent leaves a file of this size."""
    settings = pb.ConversationSettings(profile="claude-code", workspace=workspace)
    opening = pb.OpenConversation(conversation_id=conversation, settings=settings)
    first = pb.UserInput(request_id=str(uuid.uuid4()), content=[pb.ContentBlock(text="process")])
    async with client.converse(opening, first=first) as talk:
        *_, last = [event async for event in talk.turn(first.request_id)]
    (_, _, directory) = json.loads(last.turn_completed.text)
    Path(directory, "file").write_bytes(b"x" * size)


async def tenant(house: House, name: str) -> Client:
    _, secret = await house.core.keyring.create(Wanted(tenant=name))
    return Client(house.core.target, api_key=secret)


async def test_they_are_listed_with_their_users_and_go_once_these_have(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:
        await work(client, "a", "team/api", 1 << 20)
        await work(client, "b", "team/api", 1 << 20)
        await work(client, "c", "")
        (found,) = (await client.list_workspaces()).workspaces
        assert (found.name, set(found.conversation_ids)) == ("team/api", {"a", "b"})
        assert found.workspace_id.startswith("team-api-")
        assert 1 << 20 <= found.disk_bytes < 2 << 20
        assert found.update_time.seconds > 1_700_000_000
        for _ in range(2):
            refused = await client.delete_workspace("team/api")
            assert not refused.is_deleted
            assert set(refused.conversation_ids) <= {"a", "b"}
            assert refused.conversation_ids
            await client.delete_conversation(refused.conversation_ids[0])
        (found,) = (await client.list_workspaces()).workspaces
        assert (found.name, list(found.conversation_ids)) == ("", [])
        assert (await client.delete_workspace("team/api")).is_deleted
        again = await client.delete_workspace("team/api")
        assert (again.is_deleted, list(again.conversation_ids)) == (False, [])
        assert not (await client.list_workspaces()).workspaces


async def test_tenants_see_and_remove_their_own_alone(open_house: OpenHouse) -> None:
    async with open_house() as house, await tenant(house, "acme") as acme, await tenant(house, "umbrella") as umbrella:
        await work(acme, "a", "api")
        await work(umbrella, "u", "api")
        await work(umbrella, "v", "secret-plan")
        (found,) = (await acme.list_workspaces()).workspaces
        assert (found.name, list(found.conversation_ids)) == ("api", ["a"])
        theirs = {each.name: each.workspace_id for each in (await umbrella.list_workspaces()).workspaces}
        assert set(theirs) == {"api", "secret-plan"}
        for meant in ("secret-plan", theirs["secret-plan"]):
            answer = await acme.delete_workspace(meant)
            assert (answer.is_deleted, list(answer.conversation_ids)) == (False, [])
        await acme.delete_conversation("a")
        assert (await acme.delete_workspace("api")).is_deleted
        assert len((await umbrella.list_workspaces()).workspaces) == 2


async def test_pages_hold_as_many_as_are_wanted(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:
        for number in range(3):
            await work(client, f"c{number}", f"w{number}")
        first = await client.list_workspaces(page_size=2)
        rest = await client.list_workspaces(page_size=2, page_token=first.next_page_token)
        assert [each.name for page in (first, rest) for each in page.workspaces] == ["w0", "w1", "w2"]
        assert not rest.next_page_token


@pytest.mark.parametrize("meant", ["../workspaces", "/", ".", "..", "a/../..", "x" * 5000])
async def test_no_name_leads_anywhere_else(open_house: OpenHouse, tmp_path: Path, meant: str) -> None:
    async with open_house() as house, Client(house.core.target) as client:
        await work(client, "c", "api")
        (tmp_path / "data" / "workspaces" / "precious").mkdir()
        assert not (await client.delete_workspace(meant)).is_deleted
        assert len(list((tmp_path / "data" / "workspaces").iterdir())) == 2


async def test_one_must_be_named(open_house: OpenHouse) -> None:
    async with open_house() as house:
        code, reason, details = await house.refused("DeleteWorkspace", pb.DeleteWorkspaceRequest())
        assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_MESSAGE")
        assert details["ErrorInfo"].metadata["field"] == "workspace"


async def test_an_operator_lists_and_removes_them(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_house() as house, Client(house.core.target) as client:
        operate = operator(house.core.target, monkeypatch, capsys)
        assert "no conversation has named a workspace" in (await operate("workspaces ls")).err
        await work(client, "c", "team/api")
        await work(client, "d", "old")
        await client.delete_conversation("d")
        listed = json.loads((await operate("workspaces ls --json")).out)["workspaces"]
        assert [(each["name"], each["conversation_ids"]) for each in listed] == [(None, []), ("team/api", ["c"])]
        assert "team/api" in (await operate("workspaces ls")).out
        (unused,) = (await operate("workspaces ls -q")).out.split()
        assert unused == listed[0]["workspace_id"]
        assert "add --yes" in (await operate("workspaces rm team/api")).err
        removed = await operate(f"workspaces rm --yes team/api {unused} nothing")
        assert (removed.code, removed.out) == (1, f"{unused}  deleted\n")
        assert "conversations work in it: c; delete them first" in removed.err
        assert "nothing: there is no such workspace" in removed.err
        told = json.loads((await operate("workspaces rm --yes --json team/api")).out)
        assert (told["deleted"], [each["workspace"] for each in told["failed"]]) == ([], ["team/api"])
