"""Makes a worker's directories, and gives them to the user that it runs as."""

import os
import re
from collections.abc import Collection
from pathlib import Path

from hotseat_core.worker.sandbox import Room

Owner = tuple[int, int]  # user and group

_NO_NAME = re.compile("[^A-Za-z0-9]")


def furnish(room: Room, workspaces: Collection[Path], owner: Owner | None) -> None:
    """Make its directories where they are not there. Raises OSError.

    What is in a directory below these, which are the core's, goes over to the owner; one that is somebody else's is
    left as it is.
    """
    cwd, scratch = Path(room.cwd), Path(room.scratch)
    made = [path for path in (scratch, *(scratch / name for name in ("home", "config", "tmp"))) if _make(path)]
    is_new = _make(cwd) if room.around is None else _make_in(Path(room.around), cwd)
    if owner is None:
        return
    for path in (*made, *([cwd] if is_new else [])):
        os.chown(path, *owner, follow_symlinks=False)
    is_ours = any(cwd.is_relative_to(root) for root in workspaces)
    if not is_new and is_ours and cwd.lstat().st_uid != owner[0]:
        _give_all(cwd, owner)


def keep_images_out(room: Room, owner: Owner | None) -> None:
    """Let the CLI have no place for the images that it is told of. Raises OSError.

    It would put each into a file, and tell the model in words where that is. Where it can't, it says nothing.
    """
    user = os.getuid() if owner is None else owner[0]
    place = Path(room.scratch) / "tmp" / f"claude-{user}"
    place.mkdir(mode=0o700)
    give(place, owner)
    # Where its directory for this one would be.
    (place / _NO_NAME.sub("-", str(room.cwd))).touch()


def give(path: Path, owner: Owner | None) -> None:
    """Let a file be the owner's. Raises OSError."""
    if owner is not None:
        os.chown(path, *owner)


def _make(path: Path) -> bool:
    """Make a directory; False: it was there."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if not path.is_dir():
            raise
        return False
    return True


def _make_in(root: Path, path: Path) -> bool:
    """Make a directory in one that others write to, wherever they try to lead us; False: it was there."""
    handle, is_new = os.open(root, os.O_RDONLY | os.O_DIRECTORY), False
    try:
        for name in path.relative_to(root).parts:
            try:
                os.mkdir(name, 0o700, dir_fd=handle)
                is_new = True
            except FileExistsError:
                is_new = False
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = below
    finally:
        os.close(handle)
    return is_new


def _give_all(directory: Path, owner: Owner) -> None:
    """An earlier worker ran as another user: without a sandbox, as the core."""
    for _, directories, files, handle in os.fwalk(directory):
        for name in (*directories, *files):
            os.chown(name, *owner, dir_fd=handle, follow_symlinks=False)
    os.chown(directory, *owner, follow_symlinks=False)
