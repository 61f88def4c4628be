"""Workspaces that clients name: who keeps them, when they go, and what never goes with them."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import pytest
from hotseat_core.conversation.conversation import Conversation
from hotseat_core.conversation.named_workspaces import Removal, directory_of
from hotseat_core.conversation.reaper import Reaper, reaping
from hotseat_core.conversation.retention import Retention
from hotseat_core.conversation.tenants import Tenants
from hotseat_core.conversation.terms import Attachment, ConversationSettings, Disposition
from hotseat_core.journal.node import chain
from hotseat_core.worker.removal import remove_tree

from tests.core.conversation.conftest import Guest, House, OpenHouse
from tests.core.journal.saying import ROOT, conversation, exchange

NOBODY = 65534


def in_workspace(name: str) -> ConversationSettings:
    return ConversationSettings("claude-code", workspace=name)


async def used(house: House, name: str, workspace: str, tenant: str = "") -> Path:
    """The directory of a workspace in which a conversation has had a turn, and left a file."""
    joined = Attachment(settings=in_workspace(workspace))
    held: Conversation = await house.tenants.of(tenant).open(name, Disposition.OPEN_OR_CREATE, joined)
    guest = Guest(held, joined)
    await guest.ask("hello")
    held.detach(joined)
    path = house.tenants.named_workspaces.root_of(tenant) / directory_of(workspace)
    (path / "kept").write_text("by an agent")
    return path


async def past(house: House, moment: float) -> float:
    """The same moment, once what is changed now has a later one: a file system's clock is coarse."""
    probe = house.data_dir / "probe"
    while True:
        probe.write_text("x")
        if probe.stat().st_ctime > moment:
            return moment
        await asyncio.sleep(0.002)


async def swept(house: House, later_s: float = 60.0) -> int:
    """How many go, in the eyes of somebody for whom it is later."""
    return await house.tenants.named_workspaces.sweep(time.time() + later_s)


async def test_it_stays_while_any_conversation_has_it_and_for_a_while_after_the_last_one(open_house: OpenHouse) -> None:
    async with open_house() as house:
        path = await used(house, "a", "team/api")
        assert await used(house, "b", "team/api") == path
        await house.registry.delete("a")
        assert await swept(house) == 0
        assert (path / "kept").exists()
        before = await past(house, path.stat().st_ctime)
        await house.registry.delete("b")
        assert path.stat().st_ctime > before  # its time begins with the end of the last one
        assert await house.tenants.named_workspaces.sweep(before) == 0
        assert (path / "kept").exists()
        assert await swept(house) == 1
        assert not path.exists()


async def test_one_that_only_the_journal_knows_to_be_used_stays_wherever_the_data_are_now(
    open_house: OpenHouse, tmp_path: Path
) -> None:
    async with open_house() as house:
        path = await used(house, "a", "api")
        moved = tmp_path / "moved" / "workspaces"
        shutil.copytree(path, moved / path.name)
        async with Tenants(
            house.store, house.pool, house.tenants._means.limits, workspace_root=moved, default_settings=in_nothing
        ) as tenants:
            assert await tenants.named_workspaces.sweep(time.time() + 60) == 0
            assert (moved / path.name / "kept").exists()
            await house.registry.delete("a")
            assert await tenants.named_workspaces.sweep(time.time() + 60) == 1


def in_nothing() -> ConversationSettings:
    return ConversationSettings("claude")


async def test_one_that_is_used_is_not_looked_through_again_and_again(open_house: OpenHouse) -> None:
    async with open_house() as house:
        path = await used(house, "a", "api")
        before = await past(house, path.stat().st_ctime)
        assert await swept(house) == 0
        assert path.stat().st_ctime > before


async def test_what_changed_anywhere_in_it_keeps_it_and_a_time_that_an_agent_has_set_does_not(
    open_house: OpenHouse,
) -> None:
    async with open_house() as house:
        path = await used(house, "a", "api")
        (path / "deep" / "er").mkdir(parents=True)
        await house.registry.delete("a")
        then = await past(house, max(found.lstat().st_ctime for found in (path, *path.rglob("*"))))
        young = path / "deep" / "er" / "file"
        young.write_text("x")
        assert path.lstat().st_ctime <= then
        assert await house.tenants.named_workspaces.sweep(then) == 0
        for found in (path, young):
            os.utime(found, (2**33, 2**33))
        assert await swept(house) == 1


async def test_tenants_with_the_same_name_keep_theirs_apart(open_house: OpenHouse) -> None:
    async with open_house() as house:
        ours, theirs = await used(house, "a", "api"), await used(house, "a", "api", "umbrella")
        assert ours.name == theirs.name
        await house.registry.delete("a")
        assert await swept(house) == 1
        assert (ours.exists(), theirs.exists()) == (False, True)
        await house.tenants.of("umbrella").delete("a")
        assert await swept(house) == 1
        assert not theirs.exists()


async def test_no_link_leads_out_of_it_and_none_is_followed_to_it(open_house: OpenHouse, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "precious").mkdir(parents=True)
    async with open_house() as house:
        path = await used(house, "a", "api")
        (path / "out").symlink_to(outside)
        (path / "in").mkdir()
        (path / "in" / "out").symlink_to(outside / "precious")
        planted = path.parent / directory_of("planted")
        planted.symlink_to(outside)
        (path.parent.parent / "tenants").symlink_to(tmp_path)
        await house.registry.delete("a")
        assert await swept(house) == 1
        assert not path.exists()
        assert (outside / "precious").is_dir()
        assert planted.is_symlink()
        planted.unlink()


async def test_what_is_no_named_workspace_is_left_alone(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("own", settings=in_workspace(""))
        await guest.ask("hello")
        (own,) = (house.data_dir / "workspaces").iterdir()
        (own / "file").write_text("x")
        strange = house.data_dir / "workspaces" / "an-operators-notes"
        strange.mkdir()
        assert await swept(house) == 0
        assert {own, strange} == set((house.data_dir / "workspaces").iterdir())


async def test_a_conversation_that_is_entered_meanwhile_keeps_it(open_house: OpenHouse) -> None:
    async with open_house() as house:
        path, workspaces = await used(house, "a", "api"), house.tenants.named_workspaces
        await house.registry.delete("a")
        async with workspaces.staying(path):  # as where a conversation is being entered
            removing = asyncio.create_task(workspaces.remove(path))
            await asyncio.sleep(0)
            nodes = chain(ROOT, exchange("hello"))
            entered = msgspec.structs.replace(conversation("b", nodes, tenant=""), workspace=str(path))
            await house.store.create(entered, nodes)
        assert await removing == Removal(was_there=True, users=("b",))
        assert (path / "kept").exists()


async def test_a_conversation_that_comes_while_it_goes_begins_with_an_empty_one(open_house: OpenHouse) -> None:
    async with open_house() as house:
        path = await used(house, "a", "api")
        await house.registry.delete("a")
        removing = asyncio.create_task(house.tenants.named_workspaces.remove(path))
        joined = Attachment(settings=in_workspace("api"))
        held = await house.registry.open("b", Disposition.OPEN_OR_CREATE, joined)
        await Guest(held, joined).ask("hello")
        removed = await removing
        # Whoever came first has won, and the other one knows.
        assert path.is_dir()
        assert (path / "kept").exists() is not removed.is_done


async def test_the_reaper_ends_them_where_the_operator_wants_it(open_house: OpenHouse) -> None:
    async with open_house(retention=Retention(workspace_s=0.05)) as house:
        path = await used(house, "a", "api")
        reaper = Reaper(house.tenants, Retention(workspace_s=0.05))
        async with reaping(reaper), asyncio.timeout(60):
            await house.registry.delete("a")
            # Not only out of the way: a sweep that is cut off leaves the rest to its thread.
            while path.exists() or list(house.data_dir.glob("workers/gone-*")):  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)
        assert not Reaper(house.tenants, Retention()).ends_workspaces


async def test_a_sweep_that_fails_is_not_the_last_one(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house() as house:
        swept = asyncio.Event()
        ways = iter([RuntimeError("nobody has foreseen it"), None])

        async def sweep(unused_by: float) -> int:
            if (failure := next(ways, None)) is not None:
                raise failure
            swept.set()
            return 0

        monkeypatch.setattr(house.tenants.named_workspaces, "sweep", sweep)
        async with reaping(Reaper(house.tenants, Retention(workspace_s=0.05))), asyncio.timeout(60):
            await swept.wait()
    assert "workspaces that are kept no longer could not be removed" in caplog.messages


LOCKED = """
import os, sys
from pathlib import Path
from hotseat_core.worker.removal import remove_tree
top, outside, user = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if os.getuid() == 0:  # for whom there are no locks
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
(top / "a" / "b").mkdir(parents=True)
(top / "a" / "b" / "file").write_text("x")
(top / "link").symlink_to(outside)
for path in (top / "a" / "b", top / "a", top):
    path.chmod(0)
remove_tree(top)
"""


def test_a_directory_that_an_agent_has_locked_goes_all_the_same() -> None:
    with tempfile.TemporaryDirectory() as here:
        outside, place = Path(here, "outside"), Path(here, "place")
        for path in (outside, place):
            path.mkdir()
        outside.chmod(0o555)
        Path(here).chmod(0o755)
        if os.getuid() == 0:
            os.chown(place, NOBODY, NOBODY)
        done = subprocess.run(
            [sys.executable, "-c", LOCKED, str(place / "top"), str(outside), str(NOBODY)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert list(place.iterdir()) == []
        assert outside.stat().st_mode & 0o777 == 0o555


def test_what_is_not_there_is_removed_already(tmp_path: Path) -> None:
    remove_tree(tmp_path / "nothing")
    (tmp_path / "link").symlink_to(tmp_path)
    remove_tree(tmp_path / "link")
    assert list(tmp_path.iterdir()) == []
