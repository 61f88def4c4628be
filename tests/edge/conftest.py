"""A real edge on a real socket, before a small core on another."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from hotseat_edge.app import serve
from hotseat_edge.settings import Settings

from tests.fakes.core import FakeCore, serving


@dataclass
class Edge:
    """An edge, and the core behind it."""

    url: str
    core: FakeCore
    http: httpx.AsyncClient

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])


@pytest.fixture
def settings() -> Settings:
    return Settings(port=0)


@pytest.fixture
async def edge(settings: Settings) -> AsyncIterator[Edge]:
    import msgspec

    core = FakeCore()
    async with (
        serving(core) as target,
        serve(msgspec.structs.replace(settings, core_target=target)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as http,
    ):
        yield Edge(url, core, http)
