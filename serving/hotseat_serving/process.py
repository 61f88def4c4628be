"""How a server process is set up."""

import asyncio
import gc


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
