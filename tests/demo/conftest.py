"""A demo model with a client, for the tests over real sockets."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from hotseat_demo.server import DemoModel

from tests.demo.client import Client


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with DemoModel() as demo, aiohttp.ClientSession(demo.url) as session:
        yield Client(demo, session)
