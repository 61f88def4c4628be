"""When a server process has to end."""

import asyncio
import logging
import os
import signal

logger = logging.getLogger(__name__)


async def until_told_to_stop(parent_fd: int | None) -> None:
    """Return at the first SIGTERM or SIGINT, or when the parent's pipe closes; a second signal ends at once."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()

    def stop(number: int) -> None:
        if told.is_set():
            os._exit(128 + number)
        told.set()

    def read_pipe(fd: int) -> None:
        if not os.read(fd, 1):
            loop.remove_reader(fd)
            told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    if parent_fd is not None:
        loop.add_reader(parent_fd, read_pipe, parent_fd)
    await told.wait()
    logger.info("stopping")
