"""A small client of the demo model."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from hotseat_demo.server import DemoModel

from tests.demo.asking import body


class Client:
    """Asks over a real socket."""

    def __init__(self, demo: DemoModel, session: aiohttp.ClientSession) -> None:
        self.demo, self.session = demo, session

    async def ask(self, text: str, **fields: Any) -> dict[str, Any]:
        async with self.session.post("/v1/messages", json=body(text, **fields)) as response:
            return {"status": response.status, "headers": response.headers, **await response.json()}

    async def stream(self, text: str, **fields: Any) -> AsyncIterator[dict[str, Any]]:
        async with self.session.post("/v1/messages?beta=true", json=body(text, stream=True, **fields)) as response:
            assert response.content_type == "text/event-stream"
            async for line in response.content:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    async def texts(self, text: str, **fields: Any) -> list[str]:
        events = [event async for event in self.stream(text, **fields)]
        return [e["delta"]["text"] for e in events if e["type"] == "content_block_delta"]
