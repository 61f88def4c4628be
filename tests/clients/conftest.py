"""A client of a small core on a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hotseat import Client

from tests.fakes.core import FakeCore, serving


@asynccontextmanager
async def connected(core: FakeCore) -> AsyncIterator[Client]:
    async with serving(core) as target, Client(target) as client:
        yield client
