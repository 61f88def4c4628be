"""One house for most tests: a start of the CLI costs half a second."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.house import House, running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The shared house. Its conversations pile up: each test has its own, and its own words."""
    async with running(tmp_path_factory.mktemp("house"), POOL_SIZE="4", HOTSEAT_WARM_WORKERS="1") as shared:
        yield shared
