"""When a server process has to end."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable

from hotseat_serving.hangup import Hangup

logger = logging.getLogger(__name__)


async def until_told_to_stop(
    parent_fd: int | None, *, announce: Callable[[], None], reload: Callable[[], None]
) -> None:
    """Return at the first SIGTERM or SIGINT, or when parent or terminal are gone; a second signal ends at once.

    announce is called once signals are heeded, reload with each SIGHUP that somebody has sent.
    """
    loop = asyncio.get_running_loop()
    told, hangup = asyncio.Event(), Hangup()

    def stop(number: int) -> None:
        if told.is_set():
            os._exit(128 + number)
        told.set()

    def read_pipe(fd: int) -> None:
        if not os.read(fd, 1):
            loop.remove_reader(fd)
            told.set()

    def hang_up() -> None:
        if hangup.means_end():
            told.set()
        else:
            reload()

    loop.add_signal_handler(signal.SIGHUP, hang_up)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    if parent_fd is not None:
        loop.add_reader(parent_fd, read_pipe, parent_fd)
    announce()
    await told.wait()
    logger.info("stopping")
