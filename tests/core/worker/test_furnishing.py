"""A worker's directories, in places where others try to lead the core astray."""

import os
from pathlib import Path

import pytest
from hotseat_core.worker.furnishing import furnish
from hotseat_core.worker.sandbox import Room

# Only root gives files away.
OWNER = (65534, 65534) if os.getuid() == 0 else (os.getuid(), os.getgid())


def room(tmp_path: Path, cwd: Path, *, around: Path | None = None) -> Room:
    return Room(cwd, tmp_path / "workers" / "w1", (), around)


def test_it_makes_what_is_not_there_for_its_owner_alone(tmp_path: Path) -> None:
    cwd = tmp_path / "workspaces" / "w1"
    furnish(room(tmp_path, cwd), (tmp_path / "workspaces",), None)
    made = [cwd, *(tmp_path / "workers/w1" / name for name in ("", "home", "config", "tmp"))]
    assert [path.stat().st_mode & 0o777 for path in made] == [0o700] * 5


def test_in_a_shared_directory_it_makes_the_way_to_the_workspace(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    furnish(room(tmp_path, shared / "a" / "b", around=shared), (tmp_path / "workspaces",), None)
    assert (shared / "a" / "b").is_dir()


def test_it_follows_no_symlink_that_somebody_has_put_in_the_way(tmp_path: Path) -> None:
    shared, elsewhere = tmp_path / "shared", tmp_path / "elsewhere"
    shared.mkdir()
    elsewhere.mkdir()
    (shared / "a").symlink_to(elsewhere)
    for cwd in (shared / "a", shared / "a" / "b"):
        with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
            furnish(room(tmp_path, cwd, around=shared), (tmp_path / "workspaces",), None)
    assert list(elsewhere.iterdir()) == []


def test_what_an_earlier_worker_made_is_given_over_but_not_what_it_points_at(tmp_path: Path) -> None:
    workspaces, outside = tmp_path / "workspaces", tmp_path / "outside"
    outside.write_text("mine")
    cwd = workspaces / "w1"
    (cwd / "a").mkdir(parents=True)
    (cwd / "a" / "link").symlink_to(outside)
    furnish(room(tmp_path, cwd), (tmp_path / "tenants", workspaces), OWNER)
    assert {path.lstat().st_uid for path in (cwd, *cwd.rglob("*"))} == {OWNER[0]}
    assert outside.stat().st_uid == os.getuid()


def test_a_directory_of_the_operators_stays_the_operators(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (shared / "a").mkdir(parents=True)
    furnish(room(tmp_path, shared, around=None), (tmp_path / "workspaces",), OWNER)
    furnish(room(tmp_path, shared / "a" / "new", around=shared), (tmp_path / "workspaces",), OWNER)
    owners = {path.name: path.stat().st_uid for path in (shared, shared / "a", shared / "a" / "new")}
    assert owners == {"shared": os.getuid(), "a": os.getuid(), "new": OWNER[0]}
