"""What a workspace may take of the disk."""

import asyncio
import os
from pathlib import Path

import pytest
from hotseat_core.conversation import quota
from hotseat_core.conversation.quota import Quota, size_of

SOMEWHERE = Path("/somewhere")


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "_INTERVAL_S", 0.0)
    monkeypatch.setattr(quota, "_SHARE", 0)


def test_all_that_is_in_it_counts_once(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    before = size_of(tmp_path)
    (tmp_path / "a" / "b" / "large").write_bytes(b"x" * 1_000_000)
    assert 1_000_000 <= size_of(tmp_path) - before < 1_100_000
    os.link(tmp_path / "a" / "b" / "large", tmp_path / "again")
    (tmp_path / "there").symlink_to("/")
    assert size_of(tmp_path) - before < 1_100_000


def test_holes_in_files_take_no_room_and_what_is_gone_takes_none(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)
    assert size_of(tmp_path) < 2**20
    assert size_of(tmp_path / "gone") == 0


async def test_it_tells_when_there_is_too_much() -> None:
    sizes = iter([10, 100, 101])
    assert await Quota(100, lambda _: next(sizes)).exceeded(SOMEWHERE) == 101


async def test_what_is_too_much_already_may_stay_and_shrink_but_not_grow() -> None:
    sizes = iter([150, 150, 120, 151])
    bounded = Quota(100, lambda _: next(sizes))
    assert await bounded.exceeded(SOMEWHERE) == 150
    assert await bounded.exceeded(SOMEWHERE) == 151


async def test_without_a_limit_nothing_is_measured() -> None:
    def measure(_: Path) -> int:
        raise AssertionError

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await Quota(0, measure).exceeded(SOMEWHERE)
