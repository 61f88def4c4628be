"""A real edge on a real socket, before a small core on another."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from hotseat_edge.app import serve
from hotseat_edge.settings import Settings

from tests.fakes.core import FakeCore, serving

HELLO = {"model": "claude-code", "messages": [{"role": "user", "content": "hello world"}]}


@dataclass
class Edge:
    """An edge, and the core behind it."""

    url: str
    core: FakeCore
    http: httpx.AsyncClient

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])


async def post(edge: Edge, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await edge.http.post("/v1/chat/completions", json=body, headers=headers)


def events(response: httpx.Response) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


@pytest.fixture
def settings() -> Settings:
    return Settings(port=0)


@pytest.fixture
def core() -> FakeCore:
    return FakeCore()


@pytest.fixture
async def edge(settings: Settings, core: FakeCore) -> AsyncIterator[Edge]:
    async with (
        serving(core) as target,
        serve(msgspec.structs.replace(settings, core_target=target)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as http,
    ):
        yield Edge(url, core, http)
