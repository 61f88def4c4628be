"""Houses to break: a fresh one where a server dies, a shared one where a worker does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.house import House, running


@pytest_asyncio.fixture(loop_scope="session")
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house of the test's own; what the test kills stays dead unless it starts it again."""
    async with running(tmp_path, POOL_SIZE="2", HOTSEAT_WARM_WORKERS="0") as own:
        yield own


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def impatient(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house with two seats and no patience, whose workers may be hurt; its servers stay up."""
    async with running(
        tmp_path_factory.mktemp("impatient"),
        POOL_SIZE="2",
        HOTSEAT_WARM_WORKERS="0",
        HOTSEAT_MAX_QUEUE="1",
        HOTSEAT_QUEUE_TIMEOUT_MS="8000",  # longer than a worker takes to start on a machine with too much to do
        HOTSEAT_STALL_TIMEOUT_MS="2500",
    ) as shared:
        yield shared
