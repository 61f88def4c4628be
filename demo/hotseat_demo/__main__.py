"""`python -m hotseat_demo`: serve the demo model until SIGTERM, SIGINT or the end of the supervisor."""

import asyncio
import logging
import os
import signal
import sys

from hotseat_demo.server import DemoModel, NotLoopback
from hotseat_demo.settings import BadSetting, Settings, load


async def serve(settings: Settings) -> None:
    """Serve until told to stop; a second signal ends the process at once."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def stopping() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping)
    if settings.parent_fd is not None:
        loop.add_reader(settings.parent_fd, _watch, settings.parent_fd, stop)
    async with DemoModel(host=settings.host, port=settings.port) as demo:
        sys.stdout.write(f"hotseat demo listening on {demo.url}\n")
        sys.stdout.flush()
        await stop.wait()


def _watch(parent_fd: int, stop: asyncio.Event) -> None:
    if not os.read(parent_fd, 4096):
        asyncio.get_running_loop().remove_reader(parent_fd)
        stop.set()


def main() -> int:
    """Serve; the exit code."""
    try:
        settings = load()
        logging.basicConfig(level=settings.log_level, stream=sys.stderr)
        asyncio.run(serve(settings))
    except (BadSetting, NotLoopback, OSError) as error:
        sys.stderr.write(f"hotseat demo: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
