"""Keeps what a server was told as a secret from its neighbours: whatever runs as the same user could read it."""

import ctypes
import logging
import os
import sys
from collections.abc import Iterable, MutableMapping

logger = logging.getLogger(__name__)

_SET_DUMPABLE = 4  # an option of prctl(2)


def hide(environ: MutableMapping[str, str], names: Iterable[str]) -> None:
    """Wipe these variables out of this process's environment, and close its memory to its user's other processes.

    environ: os.environ.

    /proc goes on showing the environment that a process was started with, so its very bytes must go.
    What has read the variables before keeps what it read.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        _wipe(libc, {os.fsencode(name) for name in names})
        if libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0):
            logger.warning("this process's memory stays open to others", extra={"errno": ctypes.get_errno()})
    for name in names:
        environ.pop(name, None)


def _wipe(libc: ctypes.CDLL, names: set[bytes]) -> None:
    entries = ctypes.POINTER(ctypes.c_void_p).in_dll(libc, "environ")
    index = 0
    while entries and (address := entries[index]):
        name, _, value = ctypes.string_at(address).partition(b"=")
        if name in names:
            ctypes.memset(address + len(name) + 1, 0, len(value))
        index += 1
