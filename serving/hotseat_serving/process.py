"""How a server process is set up."""

import asyncio
import gc
import logging
import resource

logger = logging.getLogger(__name__)

CHECK = "--check"  # a server's argument: say whether its settings will do, and serve nothing


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The fastest loop there is."""
    try:
        import uvloop  # noqa: PLC0415 -- where it has no wheel, the standard loop serves as well
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def settle_memory() -> None:
    """Spare the collector what was made at the start: going through it again costs milliseconds in mid-request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def allow_files(count: int) -> None:
    """Let this process have so many files open, as far as the system lets it: sockets are files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < count:
        logger.warning("fewer files may be open than connections are allowed", extra={"files": wanted})
