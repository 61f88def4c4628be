"""Removes directories that agents have written to, whatever they have done to keep that from working."""

import contextlib
import os
import shutil
import stat
from pathlib import Path


def remove_tree(path: Path) -> None:
    """Remove a directory with all that is in it, and nothing that a link in it leads to. Raises OSError.

    Blocking. Nobody may be writing there. What is not there is no error.
    """
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISDIR(path.lstat().st_mode):
            path.unlink()
            return
        try:
            shutil.rmtree(path)
        except PermissionError:
            # An agent runs as our user: a directory that it has locked is ours to open.
            _open_up(path)
            shutil.rmtree(path)


def _open_up(path: Path) -> None:
    path.chmod(stat.S_IRWXU)
    for _, directories, _, handle in os.fwalk(path):
        for name in directories:
            if stat.S_ISDIR(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
                os.chmod(name, stat.S_IRWXU, dir_fd=handle)
