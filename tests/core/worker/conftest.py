"""Workers on the fake CLI."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.upstream.credential import Credential
from hotseat_core.upstream.given import BareKey
from hotseat_core.worker.containment import Containment
from hotseat_core.worker.factory import FactorySettings, WorkerFactory
from hotseat_core.worker.opening import Opening
from hotseat_core.worker.worker import Worker

from tests.core.conftest import MakeCli

OpenWorker = Callable[..., AbstractAsyncContextManager[Worker]]


@pytest.fixture
def open_worker(make_cli: MakeCli, tmp_path: Path) -> OpenWorker:
    """Starts a worker with these faults, ends it, and checks that it leaves neither a process nor a directory."""

    @asynccontextmanager
    async def opened(
        *faults: str, profile: str = "claude", start_timeout_s: float = 20.0, opening: Opening | None = None
    ) -> AsyncIterator[Worker]:
        settings = FactorySettings(
            cli_path=make_cli(*faults),
            gate=BareKey(Credential("ANTHROPIC_API_KEY", "sk-secret"), "http://127.0.0.1:9"),
            data_dir=tmp_path / "data",
            containment=Containment("none"),
            start_timeout_s=start_timeout_s,
            inherited_env={"PATH": os.environ["PATH"], "SECRET_OF_THE_HOST": "1"},
        )
        factory = WorkerFactory(settings)
        worker = await factory.start(WorkerSpec(profile, opening=opening))
        try:
            yield worker
        finally:
            await worker.aclose()
        assert worker.ended.is_set()
        assert list((tmp_path / "data" / "workers").iterdir()) == []

    return opened
